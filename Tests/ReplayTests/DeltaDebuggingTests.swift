import Replay
import TestSupport
import Testing

@Suite struct DeltaDebuggingTests {
  @Test func whatMattersIsLeft() {
    var random = SplitMix64(state: 7)
    for count in [0, 1, 2, 3, 7, 64, 500] {
      let items = Array(0..<count)
      let needed = Set(items.filter { _ in random.next() % 20 == 0 })
      var questions = 0
      let kept = DeltaDebugging.minimize(items) { part in
        questions += 1
        #expect(part.count < count && part == part.sorted())
        return needed.isSubset(of: part)
      }
      #expect(kept == needed.sorted())
      #expect(questions <= 4 * count + 20)
    }
  }

  /// Pairs that can only go together: no single element of the result can be left out.
  @Test func theResultCannotBeShortenedByOne() {
    func holds(_ part: [Int]) -> Bool { part.contains(40) && part.count { $0 % 10 == 3 } % 2 == 0 }
    let kept = DeltaDebugging.minimize(Array(0..<100), while: holds)
    #expect(holds(kept))
    for index in kept.indices {
      var shorter = kept
      shorter.remove(at: index)
      #expect(!holds(shorter))
    }
  }

  @Test func theLimitIsKept() {
    var questions = 0
    _ = DeltaDebugging.minimize(Array(0..<1000), limit: 10) { part in
      questions += 1
      return part.contains(500)
    }
    #expect(questions == 10)
  }
}
