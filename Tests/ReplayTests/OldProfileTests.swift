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
