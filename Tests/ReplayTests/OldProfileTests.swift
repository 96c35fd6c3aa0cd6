import AddressSpaces
import Replay
import SyscallABI
import TestSupport
import Testing
import TraceReading

/// Logs of newer kernels under the rules of 2.6: what it does not know is counted and no difference.
@Suite struct OldProfileTests {
  private func replay(_ log: String, _ profile: KernelProfile) throws -> ProcessSummary {
    let paths = PathTable()
    let reader = try TraceReader(
      source: MemorySource(Array(log.utf8)), name: "log", paths: paths)
    var engine = ReplayEngine<RedBlackTreeIndex, NoObserver>(
      options: ReplayOptions(profile: profile), paths: paths, observer: NoObserver())
    var batch = TraceBatch()
    while try reader.nextBatch(into: &batch) {
      #expect(batch.malformed.isEmpty)
      _ = engine.apply(batch)
    }
    engine.finish()
    return engine.total
  }

  private static let map =
    "mmap(0x10000, 8192, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x10000\n"

  @Test(arguments: [
    "mmap(0x10000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED_NOREPLACE|MAP_ANONYMOUS, -1, 0)"
      + " = -1 EEXIST (File exists)",
    "madvise(0x10000, 8192, MADV_WIPEONFORK) = -1 EINVAL (Invalid argument)",
    "madvise(0x10000, 8192, MADV_FREE) = 0",
    "mremap(0x10000, 4096, 4096, MREMAP_MAYMOVE|MREMAP_DONTUNMAP) = 0x20000",
    "mlock2(0x30000, 4096, MLOCK_ONFAULT) = -1 ENOMEM (Cannot allocate memory)",
  ])
  func whatIsUnknownDoesNotDiverge(call: String) throws {
    let summary = try replay(Self.map + call + "\n", .linux2_6)
    #expect(summary.divergences == 0)
    #expect(summary.statistics.unknownToProfile == 1)
    #expect(try replay(Self.map, .linux2_6).statistics.unknownToProfile == 0)
  }

  @Test func whatIsKnownStillDiverges() throws {
    for call in [
      "munmap(0x10000, 4096) = -1 EINVAL (Invalid argument)",
      "madvise(0x10000, 8192, MADV_RANDOM) = -1 EINVAL (Invalid argument)",
    ] {
      #expect(try replay(Self.map + call + "\n", .linux2_6).divergences == 1, "\(call)")
    }
  }

  /// VmData is what is neither of a file nor a stack in 2.6, and what is writable in 6.x.
  @Test func statusFollowsTheProfile() throws {
    let log =
      Self.map
      + "mmap(0x20000, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0)"
      + " = 0x20000\n"
    #expect(try replay(log, .linux2_6).status.data == 3)
    #expect(try replay(log, .linux6).status.data == 1)
    #expect(try replay(log, .linux6).status.size == 3)
  }
}

/// What the log tells of tasks beside their maps.
@Suite struct TaskFactTests {
  @Test func parentsEndsAndLimits() throws {
    let replay = try LogReplay(
      """
      10 prlimit64(0, RLIMIT_AS, {rlim_cur=1048576, rlim_max=RLIM64_INFINITY}, NULL) = 0
      10 fork() = 11
      11 setrlimit(RLIMIT_MEMLOCK, {rlim_cur=65536, rlim_max=65536}) = 0
      11 exit_group(3) = ?
      11 +++ exited with 3 +++
      10 fork() = 12
      12 brk(NULL) = 0x555555000000
      12 +++ killed by SIGKILL +++
      10 brk(NULL) = 0x555555000000

      """)
    let byPID = Dictionary(uniqueKeysWithValues: replay.summaries.map { ($0.pid, $0) })
    let parent = try #require(byPID[PID(10)])
    let first = try #require(byPID[PID(11)])
    let second = try #require(byPID[PID(12)])
    #expect(parent.parent == .none && first.parent == PID(10) && second.parent == PID(10))
    #expect(parent.exit == nil && !parent.hasEnded)
    #expect(first.exit == .exited(status: 3))
    #expect(second.exit == .killed(signal: 9))
    #expect(parent.limits.addressSpace == 1_048_576 && first.limits.addressSpace == 1_048_576)
    #expect(first.limits.memLock == 65536 && parent.limits.memLock == nil)
    #expect([parent, first, second].map(\.taskCount) == [1, 1, 1])
  }

  /// The lines that a recording has after each execve.
  @Test func limitsOfRecordingsAreRead() throws {
    let replay = try LogReplay(
      """
      10 execve("/bin/true", ["true"], 0x7ffc /* 1 var */) = 0
      # maps 10 exec
      # 00400000-00401000 r-xp 00000000 00:00 0
      # end
      # limits 10 STACK=8388608 AS=8192 DATA=unlimited MEMLOCK=65536
      10 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 ENOMEM (No memory)

      """)
    #expect(replay.total.divergences == 0)
    let limits = try #require(replay.summaries.first).limits
    #expect(limits.stack == 8_388_608 && limits.addressSpace == 8192 && limits.memLock == 65536)
    #expect(limits.data == ResourceLimit.infinity)
  }
}
