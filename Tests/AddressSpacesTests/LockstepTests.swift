import AddressSpaces
import SyscallABI
import SystemPackage
import TestSupport
import Testing

/// Long random programs on every index: all must agree with the simplest after each call.
///
/// `make test-checked` runs more than a million calls on each; in debug, where nothing is optimised,
/// a few thousand.
@Suite struct LockstepTests {
  private static let callsInProgram = 400
  #if EXHAUSTIVE
    private static let programs: UInt64 = 2_520
  #else
    private static let programs: UInt64 = 60
  #endif
  private static let parts: UInt64 = 10

  @Test(arguments: 0..<parts)
  func allIndexesAgree(part: UInt64) {
    var calls = 0
    for number in 0..<Self.programs / Self.parts {
      let seed = 10_000 + part * Self.programs / Self.parts + number
      let profile = seed % 4 == 3 ? KernelProfile.linux2_6 : .linux6
      let program = RandomProgram(seed: seed, length: Self.callsInProgram)
      calls += program.calls.count
      let expected = trace(program, profile, SortedArrayIndex.self)
      expect(trace(program, profile, LinkedListIndex.self), expected, seed, "list")
      expect(trace(program, profile, RedBlackTreeIndex.self), expected, seed, "tree")
      expect(trace(program, profile, BPlusTreeIndex.self), expected, seed, "B+ tree")
      expect(
        trace(program, profile, MmapCache<RedBlackTreeIndex>.self), expected, seed, "cached tree")
      expect(
        trace(program, profile, MmapCache<BPlusTreeIndex>.self), expected, seed, "cached B+ tree")
      expect(
        trace(program, profile, MmapCache<LinkedListIndex>.self), expected, seed, "cached list")
    }
    #if EXHAUSTIVE
      #expect(calls * Int(Self.parts) >= 1_000_000)
    #endif
  }

  private struct Step: Equatable {
    var errno: Int32
    /// Of everything that is known of all VMAs.
    var digest: Int
  }

  private struct Outcome {
    var steps: [Step] = []
    var statistics = AddressSpaceStatistics()
  }

  private func expect(_ found: Outcome, _ expected: Outcome, _ seed: UInt64, _ index: String) {
    let first = zip(found.steps, expected.steps).enumerated().first { $0.element.0 != $0.element.1 }
    if let first { Issue.record("\(index): seed \(seed), call \(first.offset)") }
    #expect(found.statistics == expected.statistics, "\(index): seed \(seed)")
  }

  private func trace<Index: VMAIndex & ~Copyable>(
    _ program: RandomProgram, _ profile: KernelProfile, _ index: Index.Type
  ) -> Outcome {
    var process = ModelledProcess<Index>(firstBreak: 0x5555_0000_0000, profile: profile)
    var outcome = Outcome()
    outcome.steps.reserveCapacity(program.calls.count)
    for call in program.calls {
      let errno = process.apply(call, result: call.plainResult)
      process.space.checkInvariants()
      var hasher = Hasher()
      process.space.forEachVMA { hasher.combine($0) }
      outcome.steps.append(Step(errno: errno?.rawValue ?? 0, digest: hasher.finalize()))
    }
    outcome.statistics = process.space.statistics
    return outcome
  }

  /// What a call is foretold is what it gets, for the kernels at both ends and one between.
  @Test(arguments: [
    KernelProfile.linux6, .linux2_6, KernelProfile(version: KernelVersion(5, 4)),
  ])
  func predictionsHold(_ profile: KernelProfile) {
    for seed in UInt64(10_000)..<10_060 {
      let program = RandomProgram(seed: seed, length: Self.callsInProgram)
      var process = ModelledProcess<RedBlackTreeIndex>(
        firstBreak: 0x5555_0000_0000, profile: profile)
      for (number, call) in program.calls.enumerated() {
        let foretold = process.predict(call)
        let errno = process.apply(call, result: call.plainResult)
        if let foretold {
          #expect(foretold == errno, "seed \(seed), call \(number): \(call.line)")
        }
      }
      process.space.checkInvariants()
    }
  }
}
