import AddressSpaces
import Replay
import SyscallABI
import Testing
import TraceReading

/// A log of more processes than are kept by themselves.
@Suite struct SummaryTests {
  private static let count = 3000

  /// Process *n* maps `size(n)` VMAs and exits; process 1 starts them all and goes on.
  private static let log: String = {
    var log = ""
    for number in 2...count + 1 {
      log += "1 fork() = \(number)\n"
      for page in 0..<size(number) {
        let address = "0x7f0000\(page)00000"
        log += "\(number) mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = "
        log += "\(address)\n"
      }
      log += "\(number) exit_group(0) = ?\n\(number) +++ exited with 0 +++\n"
    }
    return log
  }()

  private static func size(_ number: Int) -> Int { 1 + number % 3 }

  @Test func theLargestAreKeptInTheOrderOfTheirEnds() throws {
    let replay = try LogReplay(Self.log)
    let numbers = replay.summaries.map { Int($0.pid.rawValue) }
    // A thousand have three VMAs; of those with two, the first are kept.
    let three = (2...Self.count + 1).filter { Self.size($0) == 3 }
    let two = (2...Self.count + 1).filter { Self.size($0) == 2 }
    #expect(three.count == 1000)
    #expect(numbers == (three + two.prefix(24)).sorted())
    #expect(replay.omitted == Self.count + 1 - 1024)
    #expect(replay.total.processCount == Self.count + 1)
    #expect(replay.total.mapCount == (2...Self.count + 1).map(Self.size).reduce(0, +))
  }

  @Test func oneThatIsAskedForIsKept() throws {
    let replay = try LogReplay(Self.log, keptPID: PID(1203))
    #expect(Self.size(1203) == 1)
    #expect(replay.summaries.contains { $0.pid == PID(1203) })
    #expect(replay.summaries.count == 1024)
  }

  @Test func whatIfCountsThoseThatAreNotKept() throws {
    let paths = PathTable()
    let reader = try TraceReader(
      source: MemorySource(Array(Self.log.utf8)), name: "log", paths: paths)
    var replay = WhatIfReplay<BPlusTreeIndex>(
      [.maxMapCount(0)], options: ReplayOptions(profile: .linux6), paths: paths)
    var batch = TraceBatch()
    while try reader.nextBatch(into: &batch) { replay.apply(batch) }
    replay.finish()
    let comparison = replay.comparison()
    let total = try LogReplay(Self.log).total
    #expect(comparison.before.mapCount == total.mapCount)
    // With a limit of 0 each process gets one.
    #expect(comparison.after.mapCount == Self.count)
    #expect(comparison.after.failures == UInt64(total.mapCount - Self.count))
    #expect(comparison.processes.count + comparison.omittedProcesses == Self.count + 1)
  }
}
