import SyscallABI
import Testing

@testable import AddressSpaces

/// The interval against every run: what was written between any two calls is enumerated.
@Suite struct EnclosureTests {
  static let none = Protection(rawValue: 0)
  static let rw: Protection = .read | .write
  static let rwx: Protection = .read | .write | .exec

  static func ranges(_ count: Int) -> [(Int, Int)] {
    (0..<count).map { ($0, $0 + 1) } + [(0, 2), (1, 3), (0, count)]
  }

  static var small: [CertainCall] {
    let rw = Self.rw
    return [
      .mmap(0, 1, rw, populate: false), .mmap(1, 2, rw, populate: false),
      .mmap(1, 2, .read, populate: false), .mmap(2, 3, rwx, populate: false),
      .mmap(0, 4, rw, populate: false), .munmap(1, 2), .mprotect(1, 2, .read),
      .mprotect(1, 3, rw), .mprotect(0, 2, rw), .mprotect(0, 1, .read), .move(0, 1, to: 2),
      .move(2, 3, to: 1), .fork,
    ]
  }

  static var large: [CertainCall] {
    var calls: [CertainCall] = [.fork]
    for from in 0..<4 {
      for to in 0..<4 where from != to { calls.append(.brk(from: from, to: to)) }
    }
    for (a, b) in ranges(4) {
      for prot in [.read, rw, rwx, none] {
        calls.append(.mmap(a, b, prot, populate: false))
        calls.append(.mprotect(a, b, prot))
      }
      calls.append(.mmap(a, b, rw, populate: true))
      calls.append(.mapFile(a, b, .read))
      calls.append(.mapFile(a, b, rw))
      calls += [.munmap(a, b), .mlock(a, b), .munlock(a, b)]
      calls.append(.advise(a, b, .noHugePage))
      calls.append(.advise(a, b, .populateWrite))
      calls.append(.advise(a, b, .guardInstall))
      calls.append(.advise(a, b, .wipeOnFork))
      for to in 0..<6 where to >= b || to + (b - a) <= a {
        calls.append(.move(a, b, to: to))
        calls.append(.leave(a, b, to: to))
      }
      calls.append(.grow(a, b, to: b + 1))
    }
    return calls
  }

  /// What all programs of up to some calls are made of.
  struct Alphabet: CustomTestStringConvertible, Sendable {
    let calls: [CertainCall]
    let depth: Int
    /// How much wider the intervals may be than what the runs span, in percent.
    let slack: Int
    let testDescription: String
  }

  static let alphabets = [
    Alphabet(calls: small, depth: isDeep ? 6 : 5, slack: 20, testDescription: "few calls"),
    Alphabet(calls: large, depth: isDeep ? 3 : 2, slack: 40, testDescription: "many calls"),
  ]

  @Test(arguments: alphabets)
  func allShortPrograms(of alphabet: Alphabet) {
    var search = ProgramSearch(alphabet.calls)
    search.exhaust(
      FaultSchedules(), CertainAddressSpace(profile: .linux6), depth: alphabet.depth)
    #expect(search.failure == nil)
    #expect(search.states > 1000)
    // The interval is hardly wider than what the runs span.
    #expect(search.width <= search.reached * (100 + alphabet.slack) / 100)
  }

  @Test(arguments: 0..<8)
  func randomPrograms(seed: Int) { sample(Self.isDeep ? 20_000 : 300, seed: seed, .linux6) }

  #if EXHAUSTIVE
    static let isDeep = true
  #else
    static let isDeep = false
  #endif

  static let otherProfiles: [KernelProfile] = [
    .linux2_6, KernelProfile(version: KernelVersion(3, 10)),
    KernelProfile(version: KernelVersion(4, 19)), KernelProfile(version: KernelVersion(6, 1)),
  ]

  @Test(arguments: otherProfiles.indices)
  func otherKernels(profile: Int) {
    sample(Self.isDeep ? 20_000 : 200, seed: 100, Self.otherProfiles[profile])
  }

  private func sample(_ count: Int, seed: Int, _ profile: KernelProfile) {
    var random = SeededGenerator(seed: UInt64(seed) &* 7919 &+ 1)
    var search = ProgramSearch(Self.large)
    for _ in 0..<count where search.failure == nil {
      search.walk(length: 8, profile: profile, &random)
    }
    #expect(search.failure == nil, "seed \(seed)")
    #expect(search.programs > count / 2)
  }
}
