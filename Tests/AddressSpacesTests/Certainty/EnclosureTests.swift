import SyscallABI
import Testing

@testable import AddressSpaces

/// The interval against every run: what was written between any two calls is enumerated.
@Suite struct EnclosureTests {
  static let none = Protection(rawValue: 0)
  static let rw: Protection = .read | .write
  static let rwx: Protection = .read | .write | .exec

  /// Walks through all programs over an alphabet, or a sample of them.
  struct Search {
    let alphabet: [CertainCall]
    var programs = 0
    var states = 0
    /// Sum of the widths of the intervals and of what the runs really span.
    var width = 0
    var reached = 0
    private var seen: [Key: Int] = [:]
    var failure: String?

    struct Key: Hashable {
      var runs: Set<[UInt64]>
      var reading: [String]
    }

    init(_ alphabet: [CertainCall]) { self.alphabet = alphabet }

    /// Every program of up to `depth` more calls; what comes of equal states is looked at once.
    mutating func exhaust(
      _ runs: FaultSchedules, _ reading: CertainAddressSpace, depth: Int,
      program: [CertainCall] = []
    ) {
      guard depth > 0, failure == nil else { return }
      let key = Key(runs: runs.signature, reading: Self.text(reading))
      if let done = seen[key], done >= depth { return }
      seen[key] = depth
      for call in alphabet {
        for (result, after) in runs.applying(call) {
          var next = reading
          call.perform(on: &next, result: result, after: after.runs[0].space)
          let program = program + [call]
          check(after, next, program)
          if failure != nil { return }
          exhaust(after, next, depth: depth - 1, program: program)
          if failure != nil { return }
        }
      }
    }

    /// One program; the result of each call is that of a run that is drawn.
    mutating func walk(
      length: Int, profile: KernelProfile = .linux6, _ random: inout SeededGenerator
    ) {
      var runs = FaultSchedules(profile: profile)
      var reading = CertainAddressSpace(profile: profile)
      var program: [CertainCall] = []
      for _ in 0..<length {
        let call = alphabet.randomElement(using: &random)!
        let (result, after) = runs.applying(call).randomElement(using: &random)!
        if after.runs.count > 400 { return }
        let companion = after.runs.randomElement(using: &random)!
        call.perform(on: &reading, result: result, after: companion.space)
        program.append(call)
        runs = after
        check(runs, reading, program)
        if failure != nil { return }
      }
      programs += 1
    }

    mutating func check(
      _ runs: FaultSchedules, _ reading: CertainAddressSpace, _ program: [CertainCall]
    ) {
      states += 1
      let counts = runs.mapCounts
      width += reading.mapCountMax - reading.mapCountMin
      reached += counts.upperBound - counts.lowerBound
      if reading.mapCountMin <= counts.lowerBound && counts.upperBound <= reading.mapCountMax {
        // Every border of a run must be one that the reading holds for possible, and the other
        // way round.
        guard let wrong = runs.runs.firstIndex(where: { !Self.admits(reading, $0) }) else { return }
        failure =
          "\(program): \(Self.text(reading)) does not admit "
          + "\(runs.runs[wrong].space.vmas().map { "\($0.range)" })"
        return
      }
      failure =
        "\(program): \(counts) is not in "
        + "\(reading.mapCountMin)...\(reading.mapCountMax) \(Self.text(reading))"
    }

    static func admits(_ reading: CertainAddressSpace, _ run: FaultSchedules.Run) -> Bool {
      let starts = Set(run.space.vmas().map(\.range.start))
      var mine: Set<Address> = []
      var admitted = true
      reading.forEachPiece { piece in
        mine.insert(piece.start)
        let isStart = starts.contains(piece.start)
        if piece.border.state != .maybe && !isStart { admitted = false }
        guard let vma = run.space.vmaContaining(piece.start) else {
          admitted = false
          return
        }
        let known = VMAFlags(rawValue: ~piece.doubtfulFlags.rawValue)
        if vma.flags.intersection(known) != piece.flags { admitted = false }
        let anon: AnonPossibilities =
          vma.anonVMA.isNone ? .none : (vma.anonVMA.isForkChild ? .inherited : .own)
        if !piece.anon.contains(anon) { admitted = false }
      }
      return admitted && starts.isSubset(of: mine)
    }

    static func text(_ reading: CertainAddressSpace) -> [String] {
      var pieces: [String] = []
      reading.forEachPiece { piece in
        let pages = Int((piece.start.rawValue - Canvas.origin) / Page.size)
        var text = "\(pages)+\(piece.range.lengthInPages) \(piece.border.state)"
        text += piece.border.agrees ? "~" : ""
        text += " \(String(piece.flags.rawValue, radix: 16))?"
        text += "\(String(piece.doubtfulFlags.rawValue, radix: 16)) a\(piece.anon.rawValue)"
        text += " f\(piece.file == .none ? 0 : piece.mapping) \(piece.identity) \(piece.linear)"
        pieces.append(text)
      }
      return pieces
    }
  }

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

  @Test func allShortPrograms() {
    #if EXHAUSTIVE
      let depth = 6
    #else
      let depth = 5
    #endif
    var search = Search(Self.small)
    search.exhaust(FaultSchedules(), CertainAddressSpace(profile: .linux6), depth: depth)
    #expect(search.failure == nil)
    #expect(search.states > 1000)
    // The interval is hardly wider than what the runs span.
    #expect(search.width <= search.reached * 6 / 5)
  }

  @Test func allProgramsOfTwoOfManyCalls() {
    #if EXHAUSTIVE
      let depth = 3
    #else
      let depth = 2
    #endif
    var search = Search(Self.large)
    search.exhaust(FaultSchedules(), CertainAddressSpace(profile: .linux6), depth: depth)
    #expect(search.failure == nil)
    #expect(search.states > 1000)
  }

  @Test(arguments: 0..<8)
  func randomPrograms(seed: Int) {
    sample(300, seed: seed, .linux6)
    if !Self.isDeep { return }
    // Three programs are not enclosed: see "What is not covered" in Certainty.md. Whoever mends
    // that is told here; any other seed that fails is a new one.
    if [0, 1, 4].contains(seed) {
      withKnownIssue { sample(20_000, seed: seed, .linux6) }
    } else {
      sample(20_000, seed: seed, .linux6)
    }
  }

  #if EXHAUSTIVE
    static let isDeep = true
  #else
    static let isDeep = false
  #endif

  @Test(arguments: [KernelVersion(3, 10), KernelVersion(4, 19), KernelVersion(6, 1)])
  func otherKernels(version: KernelVersion) {
    sample(Self.isDeep ? 20_000 : 200, seed: 100, KernelProfile(version: version))
  }

  @Test func theSeedsKernel() { sample(200, seed: 200, .linux2_6) }

  private func sample(_ count: Int, seed: Int, _ profile: KernelProfile) {
    var random = SeededGenerator(seed: UInt64(seed) &* 7919 &+ 1)
    var search = Search(Self.large)
    for _ in 0..<count where search.failure == nil {
      search.walk(length: 8, profile: profile, &random)
    }
    #expect(search.failure == nil, "seed \(seed)")
    #expect(search.programs > count / 2)
  }
}
