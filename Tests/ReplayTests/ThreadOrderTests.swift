import AddressSpaces
import Replay
import SyscallABI
import Testing
import TraceReading

/// Mappings of threads that overlap: the addresses tell which came first.
@Suite struct ThreadOrderTests {
  private static let anonymous = "PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0"
  private static let thread =
    "10001 clone(child_stack=0x7f1, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND) = 10002\n"

  /// The page at the top went first; its line ends last.
  private static let log =
    thread + "10001 mmap(NULL, 4096, \(anonymous) <unfinished ...>\n"
    + "10002 mmap(NULL, 8192, \(anonymous)) = 0x7effffffd000\n"
    + "10001 <... mmap resumed>) = 0x7efffffff000\n"

  @Test func theOneThatGotThePlaceCameFirst() throws {
    // In the order of the ends, two written mappings that are foreign to each other would meet.
    let replay = try LogReplay(Self.log, initialMaps: CallTests.map)
    #expect(replay.map(of: 10001)[0] == "7effffffd000-7f0000004000 rw-p")
    #expect(replay.total.divergences == 0)
    #expect(replay.total.events[.mmap] == 2)
    let counts = try Self.placement(of: Self.log).total
    #expect(counts.calls == 2 && counts.matches == 2)
  }

  @Test func theOrderOfEndsStaysWhereNothingElseIsProven() throws {
    let log = Self.log.replacing("0x7efffffff000", with: "0x7efffff00000")
    let replay = try LogReplay(log, initialMaps: CallTests.map)
    #expect(
      replay.map(of: 10001).prefix(3) == [
        "7efffff00000-7efffff01000 rw-p", "7effffffd000-7efffffff000 rw-p",
        "7f0000000000-7f0000004000 rw-p",
      ])
    #expect(try Self.placement(of: log).total.matches == 0)
  }

  /// Three calls, each of which proves that the next came before it.
  @Test func severalGoFirst() throws {
    let begin = "mmap(NULL, 4096, \(Self.anonymous) <unfinished ...>\n"
    let log =
      Self.thread + Self.thread.replacing("= 10002", with: "= 10003")
      + "10001 \(begin)10003 \(begin)"
      + "10002 mmap(NULL, 4096, \(Self.anonymous)) = 0x7effffffd000\n"
      + "10003 <... mmap resumed>) = 0x7effffffe000\n"
      + "10001 <... mmap resumed>) = 0x7efffffff000\n"
    let counts = try Self.placement(of: log).total
    #expect(counts.calls == 3 && counts.matches == 3)
    let replay = try LogReplay(log, initialMaps: CallTests.map)
    #expect(replay.map(of: 10001)[0] == "7effffffd000-7f0000004000 rw-p")
  }

  private static func placement(of log: String) throws -> Placement {
    let paths = PathTable()
    var options = ReplayOptions(profile: .linux6)
    options.initialMaps = [
      (.none, try MapsFile.parse(Array(CallTests.map.utf8), paths: paths))
    ]
    let reader = try TraceReader(source: MemorySource(Array(log.utf8)), name: "log", paths: paths)
    var engine = ReplayEngine<BPlusTreeIndex, PlacementObserver<NoObserver>>(
      options: options, paths: paths, observer: PlacementObserver(NoObserver(), paths: paths))
    var batch = TraceBatch()
    while try reader.nextBatch(into: &batch) { _ = engine.apply(batch) }
    engine.finish()
    return engine.observer.placement
  }
}
