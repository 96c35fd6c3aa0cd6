import AddressSpaces
import Foundation
import Replay
import SyscallABI
import TestSupport
import Testing
import TraceReading

/// Short logs whose counts without and with a rule can be told by hand.
@Suite struct WhatIfTests {
  /// VMAs at the peak, missed merges at the peak, VMAs and missed merges at the end, failures.
  private typealias Figures = [Int]

  private struct Result {
    var before: Figures
    var after: Figures
    var comparison: WhatIfComparison
    var rewriter: CallRewriter

    var changes: [CallRewriter.Change: UInt64] { rewriter.changes }
  }

  private func replay(
    _ rules: WhatIfRule..., log: String, profile: KernelProfile = .linux6,
    faults: FaultAssumption = .smart, maxMapCount: Int = 65_530
  ) throws -> Result {
    var options = ReplayOptions(profile: profile, faults: faults)
    options.limits.maxMapCount = maxMapCount
    var peaks = WhatIfReplay<BPlusTreeIndex>.Peaks()
    for pass in 1...2 {
      let paths = PathTable()
      let reader = try TraceReader(
        source: MemorySource(Array(log.utf8)), name: "log", paths: paths)
      var replay = WhatIfReplay<BPlusTreeIndex>(
        rules, options: options, paths: paths, peaks: peaks)
      var batch = TraceBatch()
      while try reader.nextBatch(into: &batch) {
        for malformed in batch.malformed { Issue.record("\(malformed)") }
        replay.apply(batch)
      }
      replay.finish()
      peaks = replay.peaks
      if pass == 2 {
        let comparison = replay.comparison()
        return Result(
          before: figures(comparison.before), after: figures(comparison.after),
          comparison: comparison, rewriter: replay.rewriter)
      }
    }
    fatalError("two passes")
  }

  private func figures(_ figures: WhatIfComparison.Figures) -> Figures {
    [
      figures.mapCountPeak, figures.missedMergesAtPeak, figures.mapCount, figures.missedMerges,
      Int(figures.failures),
    ]
  }

  private static let arena =
    "mmap(NULL, 65536, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n"

  @Test func adviceIsLeftOut() throws {
    let log =
      Self.arena + """
        madvise(0x7f0000001000, 4096, MADV_NOHUGEPAGE) = 0
        madvise(0x7f0000003000, 4096, MADV_NOHUGEPAGE) = 0
        madvise(0x7f0000005000, 4096, MADV_DONTDUMP) = 0
        munmap(0x7f0000002000, 4096) = 0

        """
    let marks = try replay(.drop(.madvise, word: "MADV_NOHUGEPAGE"), log: log)
    // AhAhAdA, then A in the middle goes; Ad.
    #expect(marks.before == [7, 6, 6, 4, 0])
    #expect(marks.after == [4, 2, 4, 2, 0])
    #expect(marks.changes == [.leftOut: 2])
    let all = try replay(.drop(.madvise, word: nil), log: log)
    #expect(all.after == [2, 0, 2, 0, 0])
    #expect(all.changes == [.leftOut: 3])
  }

  @Test func theMarkOfStacksGoesWithTheAdvice() throws {
    let log = """
      mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK, -1, 0) = 0x7f0000002000
      mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000

      """
    let result = try replay(.drop(.madvise, word: "MADV_NOHUGEPAGE"), log: log)
    #expect(result.before == [2, 1, 2, 1, 0])
    #expect(result.after == [1, 0, 1, 0, 0])
    #expect(result.changes == [.withoutFlag: 1])
  }

  @Test func aFailureOfACallThatIsLeftOutIsNone() throws {
    let log = Self.arena + "mprotect(0x7f0000100000, 4096, PROT_NONE) = -1 ENOMEM (Cannot)\n"
    #expect(try replay(.drop(.mprotect, word: "PROT_NONE"), log: log).before == [1, 0, 1, 0, 1])
    #expect(try replay(.drop(.mprotect, word: "PROT_NONE"), log: log).after == [1, 0, 1, 0, 0])
    #expect(try replay(.drop(.mprotect, word: "PROT_READ"), log: log).after == [1, 0, 1, 0, 1])
  }

  @Test func anUnmappingThatIsLeftOutIsNotTakenForDoneEarlier() throws {
    // The mapping of 12 can only have its place if the munmap of 11 came first.
    let log = """
      11 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
      11 clone(child_stack=NULL, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND) = 12
      11 munmap(0x7f0000000000, 8192 <unfinished ...>
      12 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
      11 <... munmap resumed>) = 0

      """
    let result = try replay(.drop(.munmap, word: nil), log: log)
    #expect(result.before == [1, 0, 1, 0, 0])
    #expect(result.after == [2, 0, 2, 0, 0])
    #expect(result.changes == [.leftOut: 1])
  }

  @Test func guardPagesOfMadviseAreNoVMAs() throws {
    let log =
      Self.arena + """
        mprotect(0x7f0000003000, 4096, PROT_NONE) = 0
        mprotect(0x7f0000007000, 4096, PROT_NONE) = 0
        mprotect(0x7f0000003000, 4096, PROT_READ|PROT_WRITE) = 0

        """
    let result = try replay(.guardByMadvise, log: log)
    #expect(result.before == [5, 0, 3, 0, 0])
    #expect(result.after == [1, 0, 1, 0, 0])
    #expect(result.changes == [.guarded: 2])
  }

  @Test func guardsOfLockedMemoryAreRefused() throws {
    let log = """
      mmap(NULL, 65536, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_LOCKED, -1, 0) = 0x7f0000000000
      mprotect(0x7f0000003000, 4096, PROT_NONE) = 0

      """
    let result = try replay(.guardByMadvise, log: log)
    #expect(result.before == [3, 0, 3, 0, 0])
    #expect(result.after == [1, 0, 1, 0, 1])
    #expect(result.rewriter.firstRefused?.line == 2)
  }

  @Test func guardsMakeTheirMemoryWritten() throws {
    // Between written memory and unwritten memory with a guard page at its end, a gap is filled.
    let log = """
      mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000004000
      mprotect(0x7f0000005000, 4096, PROT_NONE) = 0
      mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE, -1, 0) = 0x7f0000000000
      mmap(0x7f0000001000, 12288, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000

      """
    let result = try replay(.guardByMadvise, log: log, faults: .never)
    // A...BN becomes AAAAAN; A...BB, both written, becomes AAAABB.
    #expect(result.before == [3, 0, 2, 0, 0])
    #expect(result.after == [2, 0, 2, 1, 0])
  }

  @Test func aKernelWithoutGuardsRefusesThem() throws {
    let log = Self.arena + "mprotect(0x7f0000003000, 4096, PROT_NONE) = 0\n"
    let old = KernelProfile(version: KernelVersion(6, 12))
    #expect(try replay(.guardByMadvise, log: log, profile: old).after == [1, 0, 1, 0, 1])
    let new = KernelProfile(version: KernelVersion(6, 13))
    #expect(try replay(.guardByMadvise, log: log, profile: new).after == [1, 0, 1, 0, 0])
  }

  @Test func aStackThatIsOpenedAboveItsGuardIsOneVMA() throws {
    let log = """
      mmap(NULL, 69632, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK, -1, 0) = 0x7f0000000000
      mprotect(0x7f0000001000, 65536, PROT_READ|PROT_WRITE) = 0

      """
    let result = try replay(.guardByMadvise, log: log)
    #expect(result.before == [2, 0, 2, 0, 0])
    #expect(result.after == [1, 0, 1, 0, 0])
    // An arena of which only the head is opened keeps its reserve.
    let reserve = """
      mmap(NULL, 67108864, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
      mprotect(0x7f0000000000, 135168, PROT_READ|PROT_WRITE) = 0

      """
    let arena = try replay(.guardByMadvise, log: reserve)
    #expect(arena.before == arena.after && arena.changes.isEmpty)
  }

  @Test func whatIsNoGuardPageStaysAsItIs() throws {
    let log = """
      mmap(NULL, 16777216, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
      mprotect(0x7f0000001000, 8388608, PROT_NONE) = 0
      mmap(NULL, 16384, PROT_READ, MAP_PRIVATE, 3</lib/libc.so>, 0) = 0x7f0010000000
      mprotect(0x7f0010001000, 4096, PROT_NONE) = 0

      """
    let result = try replay(.guardByMadvise, log: log)
    #expect(result.before == [6, 0, 6, 0, 0])
    #expect(result.after == result.before && result.changes.isEmpty)
  }

  @Test func namesAndPoliciesAreIgnored() throws {
    let log =
      Self.arena + """
        prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x7f0000001000, 4096, "a") = 0
        mbind(0x7f0000003000, 4096, MPOL_BIND, [0x1], 64, 0) = 0

        """
    #expect(try replay(.ignoreNames, log: log).before == [5, 4, 5, 4, 0])
    #expect(try replay(.ignoreNames, log: log).after == [3, 2, 3, 2, 0])
    #expect(try replay(.ignorePolicy, log: log).after == [3, 2, 3, 2, 0])
    #expect(try replay(.ignoreNames, .ignorePolicy, log: log).after == [1, 0, 1, 0, 0])
  }

  @Test func writtenPagesAreIgnored() throws {
    let log = """
      1 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE, -1, 0) = 0x7f0000004000
      1 fork() = 2
      2 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000003000
      2 mlock(0x7f0000003000, 4096) = 0
      2 munlock(0x7f0000003000, 4096) = 0
      2 exit_group(0) = ?

      """
    let result = try replay(.ignoreFaults, log: log)
    #expect(result.before == [2, 1, 3, 1, 0])
    #expect(result.comparison.processes.map { $0.after.mapCount } == [1, 1])
    #expect(result.comparison.after.missedMerges == 0)
  }

  @Test func aLowerLimitRefusesSplits() throws {
    let log =
      Self.arena + """
        mprotect(0x7f0000001000, 4096, PROT_NONE) = 0
        mprotect(0x7f0000003000, 4096, PROT_NONE) = 0
        mprotect(0x7f0000005000, 4096, PROT_NONE) = 0

        """
    let result = try replay(.maxMapCount(5), log: log)
    #expect(result.before == [7, 0, 7, 0, 0])
    #expect(result.after == [5, 0, 5, 0, 1])
    #expect(result.rewriter.firstRefused?.line == 4)
    #expect(try replay(.maxMapCount(7), log: log).after == [7, 0, 7, 0, 0])
  }

  @Test func aHigherLimitGrantsWhatWasRefused() throws {
    let log =
      Self.arena + """
        mprotect(0x7f0000001000, 4096, PROT_NONE) = 0
        mprotect(0x7f0000003000, 4096, PROT_NONE) = -1 ENOMEM (Cannot allocate memory)

        """
    let result = try replay(.maxMapCount(100), log: log, maxMapCount: 3)
    #expect(result.before == [3, 0, 3, 0, 1])
    #expect(result.after == [5, 0, 5, 0, 0])
  }

  @Test func aFailureThatTheModelCannotExplainStays() throws {
    let log = Self.arena + "mprotect(0x7f0000001000, 4096, PROT_NONE) = -1 EACCES (Denied)\n"
    for rule in [WhatIfRule.maxMapCount(100), .guardByMadvise, .ignoreFaults] {
      let result = try replay(rule, log: log)
      #expect(result.before == [1, 0, 1, 0, 1] && result.after == result.before)
    }
  }

  @Test func aHeapThatMayNotGrowStaysWhereItWas() throws {
    let log = """
      brk(NULL) = 0x555500000000
      brk(0x555500021000) = 0x555500021000
      mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
      brk(0x555500042000) = 0x555500042000

      """
    let result = try replay(.maxMapCount(1), log: log)
    #expect(result.before == [2, 0, 2, 0, 0])
    #expect(result.after == [2, 0, 2, 0, 1])
    #expect(result.rewriter.firstRefused?.line == 4)
  }

  /// With a rule that changes nothing both replays are the same, on real programs.
  @Test(arguments: [WhatIfRule.maxMapCount(65_530), .drop(.mseal, word: nil)])
  func aRuleThatMeetsNothingChangesNothing(rule: WhatIfRule) throws {
    for trace in try ProjectFiles.traces() where try Data(contentsOf: trace).count < 13_000 {
      let paths = PathTable()
      let reader = try TraceReader(path: trace.path, paths: paths)
      var replay = WhatIfReplay<BPlusTreeIndex>(
        [rule], options: ReplayOptions(profile: .linux6), paths: paths)
      var batch = TraceBatch()
      while try reader.nextBatch(into: &batch) { replay.apply(batch) }
      replay.finish()
      let comparison = replay.comparison()
      #expect(comparison.before == comparison.after, "\(trace.lastPathComponent)")
      #expect(!comparison.processes.isEmpty)
    }
  }
}
