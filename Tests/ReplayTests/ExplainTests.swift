import AddressSpaces
import Replay
import SyscallABI
import Testing
import TraceReading

/// Who made each boundary and hole, on logs that are written for one cause each.
@Suite struct ExplainTests {
  /// Replays a log to its end and takes the address space apart.
  static func explain(
    _ log: String, faults: FaultAssumption = .smart,
    target: ExplainObserver.Target = .largest
  ) throws -> Explanation {
    var work = ObservedLog(log: log, faults: faults, observer: ExplainObserver(target))
    let observer = try IndexKind.rbtree.run(&work)
    return try #require(observer.explanation)
  }

  /// `cause line|line`: the setter of the lower side, then that of the upper one.
  private func boundaries(_ explanation: Explanation) -> [String] {
    explanation.boundaries.map { boundary in
      let lower = boundary.lowerSetter.map { "\($0.line)" } ?? "-"
      let upper = boundary.upperSetter.map { "\($0.line)" } ?? "-"
      return "\(boundary.pair.cause.label) \(lower)|\(upper)"
    }
  }

  @Test func theCallThatSetEachSideIsNamed() throws {
    let explanation = try Self.explain(
      """
      10007 mmap(NULL, 12288, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, \
      -1, 0) = 0x7f0000000000
      10007 mprotect(0x7f0000001000, 4096, PROT_NONE) = 0
      10007 madvise(0x7f0000000000, 4096, MADV_NOHUGEPAGE) = 0

      """)
    #expect(boundaries(explanation) == ["prot 1|2", "prot 2|1"])
    let below = explanation.boundaries[0].pair
    let differences = VMABoundary.Cause.allCases.filter { below.differences.contains($0) }
    #expect(differences == [.prot, .flags])
    #expect(!below.isAlone && explanation.boundaries[1].pair.isAlone)
  }

  @Test func adviceIsTheSetterOfItsFlag() throws {
    let explanation = try Self.explain(
      """
      10007 mmap(NULL, 12288, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, \
      -1, 0) = 0x7f0000000000
      10007 madvise(0x7f0000001000, 8192, MADV_NOHUGEPAGE) = 0

      """)
    #expect(boundaries(explanation) == ["flags 1|2"])
    let setter = try #require(explanation.boundaries[0].setter)
    #expect(setter.pid == PID(10007) && setter.advice == .noHugePage)
  }

  @Test func aMergedVMAKeepsTheOriginsOfItsEnds() throws {
    // Three mappings become one; a guard is put above and one below.
    let explanation = try Self.explain(
      """
      10001 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000004000
      10001 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000003000
      10001 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000002000
      10001 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000
      10001 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000

      """)
    #expect(boundaries(explanation) == ["prot 5|4", "prot 2|1"])
  }

  @Test func memoryMovedByMremapKeepsItsOffset() throws {
    let explanation = try Self.explain(
      """
      10001 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, \
      -1, 0) = 0x7f0000001000
      10001 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, \
      -1, 0) = 0x7f0000009000
      10001 mremap(0x7f0000009000, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, \
      0x7f0000002000) = 0x7f0000002000

      """)
    #expect(boundaries(explanation) == ["offset 1|3"])
  }

  @Test func anonVMABoundariesAreMaybeUnlessTheCallWrites() throws {
    let log = """
      10001 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS%@, \
      -1, 0) = 0x7f0000000000
      10001 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS%@, \
      -1, 0) = 0x7f0000002000
      10001 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, \
      -1, 0) = 0x7f0000001000

      """
    for (flags, isAssumed) in [("", true), ("|MAP_POPULATE", false)] {
      let explanation = try Self.explain(log.replacing("%@", with: flags))
      #expect(boundaries(explanation) == ["anon_vma 1|2"])
      #expect(explanation.boundaries.map(\.isAssumed) == [isAssumed])
    }
  }

  @Test func holesKnowWhatMadeThem() throws {
    let explanation = try Self.explain(
      """
      10001 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000c00000
      10001 mmap(NULL, 2097152, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000800000
      10001 mmap(NULL, 65536, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f00007f0000
      10001 munmap(0x7f00007f0000, 4096) = 0
      10001 munmap(0x7f00007ff000, 4096) = 0
      10001 munmap(0x7f00007f8000, 4096) = 0
      10001 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000100000

      """)
    let holes = explanation.holes.map { "\($0.maker) \($0.call?.line ?? 0)" }
    #expect(holes == ["trim 4", "call 6", "trim 5", "neverMapped 0"])
    #expect(explanation.mapCount == 1 + holes.count + explanation.boundaries.count)
  }

  @Test func theKernelsAlignmentIsNoCallsHole() throws {
    let explanation = try Self.explain(
      """
      10001 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000a80000
      10001 mmap(NULL, 2097152, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000800000

      """)
    #expect(explanation.holes.map(\.maker) == [.kernelAlignment])
  }

  @Test func aReplacedMappingStandsAboveTheSameHole() throws {
    let explanation = try Self.explain(
      """
      10001 mmap(NULL, 12288, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
      10001 munmap(0x7f0000001000, 4096) = 0
      10001 mmap(0x7f0000002000, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, \
      -1, 0) = 0x7f0000002000

      """)
    #expect(explanation.holes.map { $0.call?.line } == [2])
  }

  @Test func equalNeighboursMergeWhenACallChangesOne() throws {
    let explanation = try Self.explain(
      """
      10001 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
      10001 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000
      10001 mprotect(0x7f0000001000, 4096, PROT_READ) = 0

      """)
    #expect(explanation.boundaries.isEmpty && explanation.mapCount == 1)
  }

  @Test func thePeakIsTheFirstMomentWithTheMostVMAs() throws {
    let log = """
      10005 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
      10006 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
      10006 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000002000
      10006 munmap(0x7f0000002000, 4096) = 0
      10006 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000004000

      """
    var work = ObservedLog(log: log, faults: .smart, observer: PeakFinder())
    let peak = try #require(try IndexKind.rbtree.run(&work).peak)
    #expect(peak.pid == PID(10006) && peak.mapCount == 2 && peak.position?.line == 3)
    let explanation = try Self.explain(
      log, target: .process(ordinal: peak.ordinal, after: try #require(peak.position)))
    #expect(explanation.mapCount == 2 && explanation.position == peak.position)
    #expect(explanation.holes.first?.range.end == Address(0x7f00_0000_2000))
  }

  @Test func theLedgerForgetsCallsThatNoVMANames() throws {
    var log = ""
    for _ in 0..<20_000 {
      log += """
        10001 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
        10001 munmap(0x7f0000000000, 4096) = 0

        """
    }
    log += "10001 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n"
    log += "10001 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000\n"
    var work = ObservedLog(log: log, faults: .smart, observer: ExplainObserver(.largest))
    let observer = try IndexKind.rbtree.run(&work)
    #expect(observer.calls.capacity < 10_000)
    #expect(try boundaries(#require(observer.explanation)) == ["prot 40001|40002"])
  }
}

/// A log given as text, replayed for one observer.
struct ObservedLog<Observer: ReplayObserver>: IndexedWork {
  var log: String
  var faults: FaultAssumption
  var observer: Observer

  mutating func run<Index: VMAIndex & ~Copyable>(on index: Index.Type) throws -> Observer {
    let paths = PathTable()
    let reader = try TraceReader(
      source: MemorySource(Array(log.utf8)), name: "log", paths: paths)
    var engine = ReplayEngine<Index, Observer>(
      options: ReplayOptions(profile: .linux6, faults: faults), paths: paths, observer: observer)
    var batch = TraceBatch()
    while try reader.nextBatch(into: &batch) {
      for malformed in batch.malformed { Issue.record("\(malformed)") }
      if !engine.apply(batch) { break }
    }
    engine.finish()
    return engine.observer
  }
}
