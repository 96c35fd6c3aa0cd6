import AddressSpaces
import Foundation
import SyscallABI
import TestSupport
import Testing
import TraceReading

@testable import Replay

/// A log read once and taken back to its peak says what two replays say: one that finds the peak,
/// and one that ends there.
@Suite struct PeakTests {
  @Test(arguments: BundledTraceTests.traces)
  func onePassSaysWhatTwoSay(trace: URL) throws {
    var replay = PeakReplay(path: trace.path)
    for itemsPerBatch in [37, 4096] {
      replay.itemsPerBatch = itemsPerBatch
      let expected = try replay.inTwoPasses()
      #expect(expected != nil)
      #expect(try replay.inOnePass() == expected)
    }
  }

  /// map_count goes up and down and a little further up each time, in two processes.
  private static var saw: String {
    var log = "1 clone(child_stack=NULL, flags=SIGCHLD) = 2\n"
    func page(_ tooth: Int) -> String { "0x7f" + String(0x1000_0000 + tooth * 0x2000, radix: 16) }
    for tooth in 0..<150 {
      for step in 0..<(tooth % 7) {
        let (address, pid) = (page(tooth * 8 + step), 1 + tooth % 2)
        log += "\(pid) mmap(\(address), 4096, PROT_READ|PROT_WRITE, "
        log += "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = \(address)\n"
      }
      for step in 0..<(tooth % 5) {
        log += "\(1 + tooth % 2) munmap(\(page(tooth * 8 + step)), 4096) = 0\n"
      }
    }
    return log
  }

  @Test(arguments: [nil, 2, 3])
  func growthByFitsAndStarts(pid: Int32?) throws {
    var replay = PeakReplay(log: Self.saw, pid: pid.map { PID($0) })
    for itemsPerBatch in [1, 10, 4096] {
      replay.itemsPerBatch = itemsPerBatch
      let expected = try replay.inTwoPasses()
      #expect((expected == nil) == (pid == 3))
      #expect(try replay.inOnePass() == expected)
    }
  }

  @Test func aProcessWithoutACallCanBeThePeak() throws {
    let maps = """
      # vmareplay 1
      # maps 1 attach
      # 7f0000000000-7f0000001000 r--p 00000000 00:00 0
      # 7f0000002000-7f0000003000 r--p 00000000 00:00 0
      # end
      2 brk(NULL) = 0x1000

      """
    let replay = PeakReplay(log: maps)
    #expect(try replay.inTwoPasses()?.contains("mapCount: 2") == true)
    #expect(try replay.inOnePass() == replay.inTwoPasses())
  }

  /// The peak is at line 2; what is written right after it still counts, as for --at-line 2.
  @Test(arguments: [(1, true), (2, true), (3, false)])
  func faultsAfterThePeakDoNotCount(line: Int, isWritten: Bool) throws {
    var replay = PeakReplay(
      log: """
        1 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000
        1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000002000
        1 munmap(0x7f0000002000, 4096) = 0
        1 munmap(0x7f0000001000, 4096) = 0

        """)
    replay.faults = "1 @\(line) 0x7f0000001000 w\n"
    for itemsPerBatch in [1, 2, 4096] {
      replay.itemsPerBatch = itemsPerBatch
      let explanation = try #require(try replay.explanation())
      #expect(explanation.position?.line == 2)
      let pair = try #require(explanation.boundaries.first?.pair)
      #expect(!pair.lower.anonVMA.isNone == isWritten)
    }
  }

  private static let page = "4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED"

  private static func map(_ pid: Int, _ pages: Int) -> String {
    (0..<pages).map {
      let address = "0x7f00000" + String(0x10 + $0 * 2, radix: 16) + "000"
      return "\(pid) mmap(\(address), \(page), -1, 0) = \(address)\n"
    }.joined()
  }

  /// The address space of the peak is kept when its process ends, when it executes something else,
  /// and while others use its place in the tables; and dropped for a higher one.
  @Test(arguments: [
    "2 exit_group(0) = ?\n2 +++ exited with 0 +++\n",
    "2 execve(\"/bin/true\", [\"true\"], 0x7ffc0 /* 1 var */) = 0\n",
    "2 munmap(0x7f0000010000, 0x4000) = 0\n2 +++ killed by SIGKILL +++\n",
  ])
  func thePeakOutlivesItsProcess(end: String) throws {
    var log = "1 clone(child_stack=NULL, flags=SIGCHLD) = 2\n" + Self.map(2, 9) + end
    for child in 3...6 {
      log += "1 clone(child_stack=NULL, flags=SIGCHLD) = \(child)\n" + Self.map(child, 5)
    }
    #expect(try expectBoth(log).mapCount == 9)
    #expect(try expectBoth(log + Self.map(6, 12)).mapCount == 12)
  }

  /// A thread-like child shares the map, and goes on after its parent.
  @Test func aSharedPeakIsKept() throws {
    let log =
      "1 clone(child_stack=0x7f0, flags=CLONE_VM|SIGCHLD) = 2\n" + Self.map(1, 4)
      + "1 exit_group(0) = ?\n1 +++ exited with 0 +++\n2 munmap(0x7f0000010000, 0x3000) = 0\n"
    let explanation = try expectBoth(log)
    #expect(explanation.mapCount == 4 && explanation.process.pid == PID(1))
  }

  /// Calls and files to which only the peak owes something are not forgotten.
  @Test func whatOnlyThePeakNeedsIsKept() throws {
    var log = "1 openat(AT_FDCWD, \"/a\", O_RDONLY) = 3</a>\n"
    for number in 0..<40 {
      let address = "0x7f0000" + String(0x100 + number, radix: 16) + "000"
      log += "1 mmap(\(address), 4096, PROT_\(number % 2 == 0 ? "READ" : "NONE"), "
      log += "MAP_PRIVATE|MAP_FIXED, 3</a>, 0) = \(address)\n"
    }
    log += "1 munmap(0x7f0000100000, 0x28000) = 0\n"
    for number in 0..<10_000 {
      log += "1 mmap(0x7f0000200000, 4096, PROT_READ, MAP_SHARED|MAP_FIXED, "
      log += "3</b\(number)>, 0) = 0x7f0000200000\n"
    }
    let explanation = try expectBoth(log)
    #expect(explanation.mapCount == 40 && explanation.fileNames.count == 1)
    #expect(explanation.boundaries.allSatisfy { $0.lowerSetter != nil && $0.upperSetter != nil })
    #expect(explanation.boundaries.last?.setter?.line == 41)
  }

  /// A recorded map takes the place of all that the calls before it have made.
  @Test(arguments: [1, 2, 6])
  func aMapBehindThePeakReplacesIt(count: Int) throws {
    let lines = (0..<count).map { "# 7f10000\($0 * 2)0000-7f10000\($0 * 2)1000 r--p 0 00:00 0\n" }
    let maps = "# vmareplay 1\n# maps 1 attach\n" + lines.joined() + "# end\n"
    for between in ["", "1 munmap(0x7f0000010000, 0x1000) = 0\n"] {
      let log = Self.map(1, 3) + between + maps + "1 brk(NULL) = 0x5555000000\n" + Self.map(2, 4)
      #expect(try expectBoth(log).mapCount == max(count, 4))
      #expect(try expectBoth(Self.map(1, 5) + between + maps).mapCount == max(count, 5))
    }
  }

  private func expectBoth(_ log: String) throws -> Explanation {
    let replay = PeakReplay(log: log)
    #expect(try replay.inOnePass() == replay.inTwoPasses())
    return try #require(try replay.explanation())
  }
}

/// One log, explained at its peak in one way and the other.
struct PeakReplay {
  var source: () throws -> any ByteSource
  var pid: PID?
  var itemsPerBatch = 4096
  var faults: String?

  init(path: String) { source = { try FileSource(path: path) } }

  init(log: String, pid: PID? = nil) {
    source = { MemorySource(Array(log.utf8)) }
    self.pid = pid
  }

  func inTwoPasses() throws -> String? {
    guard let peak = try replay(PeakFinder(pid: pid)).peak else { return nil }
    let target: ExplainObserver.Target =
      peak.position.map { .process(ordinal: peak.ordinal, after: $0) }
      ?? .endOf(ordinal: peak.ordinal)
    return try replay(ExplainObserver(target)).explanation.map(text)
  }

  func inOnePass() throws -> String? { try explanation().map(text) }

  func explanation() throws -> Explanation? { try replay(PeakExplainer(pid: pid)).explanation }

  /// Everything that it says, in the order in which it says it, but for the numbers of slots.
  private func text(_ explanation: Explanation) -> String {
    let names = explanation.fileNames.map { "\($0.key.rawValue) \($0.value)" }.sorted()
    let boundaries = explanation.boundaries.map { boundary in
      var boundary = boundary
      boundary.pair.lower.handle = .none
      boundary.pair.upper.handle = .none
      return "\(boundary)"
    }
    let rest = [
      "\(explanation.process) \(String(describing: explanation.position))",
      "mapCount: \(explanation.mapCount) \(explanation.counts)", "\(explanation.holes)",
      "\(explanation.runs)",
    ]
    return (boundaries + names + rest).joined(separator: "\n")
  }

  private func replay<Observer: ReplayObserver>(_ observer: Observer) throws -> Observer {
    let paths = PathTable()
    let reader = try TraceReader(
      source: source(), name: "log", paths: paths,
      options: TraceReader.Options(itemsPerBatch: itemsPerBatch, stacks: StackTable()))
    var options = ReplayOptions(profile: .linux6, faults: .smart)
    options.faultsAreListed = faults != nil
    var engine = ReplayEngine<BPlusTreeIndex, Observer>(
      options: options, paths: paths, observer: observer)
    if let faults { engine.setFaults(try FaultList(text: faults)) }
    var batch = TraceBatch()
    while try reader.nextBatch(into: &batch), engine.apply(batch) {}
    engine.finish()
    return engine.observer
  }
}
