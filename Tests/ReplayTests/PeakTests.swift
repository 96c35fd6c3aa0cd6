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
  /// Between a copy at every peak and none but the first.
  static let intervals = [1, 50, 4096, Int.max]

  @Test(arguments: BundledTraceTests.traces)
  func onePassSaysWhatTwoSay(trace: URL) throws {
    var replay = PeakReplay(path: trace.path)
    for (itemsPerBatch, intervals) in [(37, [1, Int.max]), (4096, [50, 4096])] {
      replay.itemsPerBatch = itemsPerBatch
      let expected = try replay.inTwoPasses()
      #expect(expected != nil)
      for interval in intervals {
        #expect(try replay.inOnePass(interval) == expected, "a copy after \(interval)")
      }
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
      for interval in Self.intervals {
        #expect(try replay.inOnePass(interval) == expected, "a copy after \(interval)")
      }
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
    #expect(try replay.inOnePass(1) == replay.inTwoPasses())
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
      for interval in Self.intervals {
        let explanation = try #require(try replay.explanation(interval))
        #expect(explanation.position?.line == 2)
        let pair = try #require(explanation.boundaries.first?.pair)
        #expect(!pair.lower.anonVMA.isNone == isWritten)
      }
    }
  }
}

extension PeakTests {
  /// What is kept behind a peak is bounded, whether it is many calls, few of many lines, or maps.
  @Test func whatIsKeptIsBounded() throws {
    var log = "1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n"
    let maps = (0..<500).map { "# 7f\($0 + 100)0000000-7f\($0 + 100)0001000 r--p 0 00:00 0\n" }
    for number in 0..<60 {
      log += "1 madvise(0x7f0000000000, 4096, MADV_DONTNEED) = 0\n"
      if number > 20 { log += "# maps 1 check\n" + maps.joined() + "# end\n" }
    }
    let paths = PathTable()
    let reader = try TraceReader(
      source: MemorySource(Array(log.utf8)), name: "log", paths: paths,
      options: TraceReader.Options(itemsPerBatch: 1))
    var engine = ReplayEngine<BPlusTreeIndex, PeakExplainer>(
      options: ReplayOptions(profile: .linux6), paths: paths, observer: PeakExplainer())
    var batch = TraceBatch()
    var most = 0
    while try reader.nextBatch(into: &batch), engine.apply(batch) {
      let kept = engine.journal.batches
      let lines = kept.flatMap(\.snapshots).map { snapshot -> Int in
        if case .maps(let entries) = snapshot.content { entries.count } else { 0 }
      }
      most = max(most, lines.reduce(0, +))
      #expect(kept.allSatisfy { !$0.items.isEmpty && $0.items.capacity <= 16 })
    }
    // Eight maps of 500 lines are not enough for a copy, the ninth is.
    #expect((4000...4500).contains(most))
    #expect(!engine.journal.isOpen && engine.journal.batches.count == 1)
    engine.finish()
    #expect(engine.observer.explanation?.position?.line == 1)
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

  func inOnePass(_ interval: Int) throws -> String? { try explanation(interval).map(text) }

  func explanation(_ interval: Int) throws -> Explanation? {
    try replay(PeakExplainer(pid: pid), interval).explanation
  }

  /// Everything that it says, in the order in which it says it.
  private func text(_ explanation: Explanation) -> String {
    let names = explanation.fileNames.map { "\($0.key.rawValue) \($0.value)" }.sorted()
    let boundaries = explanation.boundaries.map { "\($0)" }
    let rest = [
      "\(explanation.process) \(String(describing: explanation.position))",
      "mapCount: \(explanation.mapCount) \(explanation.counts)", "\(explanation.holes)",
      "\(explanation.runs)",
    ]
    return (boundaries + names + rest).joined(separator: "\n")
  }

  private func replay<Observer: ReplayObserver>(
    _ observer: Observer, _ interval: Int = 4096
  ) throws -> Observer {
    let paths = PathTable()
    let reader = try TraceReader(
      source: source(), name: "log", paths: paths,
      options: TraceReader.Options(itemsPerBatch: itemsPerBatch, stacks: StackTable()))
    var options = ReplayOptions(profile: .linux6, faults: .smart)
    options.faultsAreListed = faults != nil
    var engine = ReplayEngine<BPlusTreeIndex, Observer>(
      options: options, paths: paths, observer: observer)
    if let faults { engine.setFaults(try FaultList(text: faults)) }
    engine.journal.interval = interval
    var batch = TraceBatch()
    while try reader.nextBatch(into: &batch), engine.apply(batch) {}
    engine.finish()
    return engine.observer
  }
}
