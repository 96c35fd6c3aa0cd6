import AddressSpaces
import Foundation
import Replay
import SyscallABI
import TestSupport
import Testing
import TraceReading

/// Paths of calls: what they say happened is what happened.
@Suite struct CallPathTests {
  /// Small recordings of all kinds.
  static let traces = ["bash-children", "ls", "xz-threads", "perl-words"]

  @Test(arguments: traces, [KernelProfile.linux6, .linux2_6])
  func stepsLeadFromBeforeToAfter(trace: String, profile: KernelProfile) throws {
    let paths = PathTable()
    let url = ProjectFiles.root.appending(path: "Traces/\(trace).strace.gz")
    let reader = try TraceReader(path: url.path, paths: paths)
    var engine = ReplayEngine<PathIndex, PathChecker>(
      options: ReplayOptions(profile: profile), paths: paths, observer: PathChecker())
    var batch = TraceBatch()
    while try reader.nextBatch(into: &batch) { _ = engine.apply(batch) }
    engine.finish()
    #expect(engine.observer.traced > 20)
    // Every merge and refusal that was counted stands in a path, and no other.
    for mergeCase in MergeCase.allCases {
      #expect(
        engine.observer.merges[mergeCase, default: 0]
          == engine.total.statistics.merges(mergeCase), "case \(mergeCase)")
    }
    for reason in MergeRefusal.allCases {
      #expect(
        engine.observer.refusals[reason, default: 0] == engine.total.statistics.refusals(reason),
        "\(reason)")
    }
  }

  private func call(
    _ line: UInt64, _ log: String, profile: KernelProfile = .linux2_6
  ) throws -> TracedCall {
    let paths = PathTable()
    let reader = try TraceReader(
      source: MemorySource(Array(log.utf8)), name: "log", paths: paths)
    var engine = ReplayEngine<PathIndex, PathObserver>(
      options: ReplayOptions(profile: profile, faults: .never), paths: paths,
      observer: PathObserver(line: line))
    var batch = TraceBatch()
    while try reader.nextBatch(into: &batch) { _ = engine.apply(batch) }
    engine.finish()
    return try #require(engine.observer.calls.first)
  }

  private func functions(_ call: TracedCall) -> [KernelFunction] {
    call.path.steps.compactMap { step in
      if case .function(let function, _) = step.event { function } else { nil }
    }
  }

  private func merges(_ call: TracedCall) -> [MergeCase] {
    call.path.steps.compactMap { step in
      if case .merged(let mergeCase) = step.event { mergeCase } else { nil }
    }
  }

  /// malloc, brk, sys_brk, do_brk, vma_merge.
  @Test func aBreakThatGrowsGoesThroughDoBrk() throws {
    let log = """
      brk(NULL) = 0x555555000000
      brk(0x555555021000) = 0x555555021000
      brk(0x555555042000) = 0x555555042000

      """
    let first = try call(2, log)
    let path: [KernelFunction] = [
      .findVMAIntersection, .doBrk, .findVMAPrepare, .mayExpandVM, .securityVMEnoughMemory,
      .vmaMergeNew, .vmaLink,
    ]
    #expect(functions(first) == path)
    #expect(merges(first).isEmpty)
    let second = try call(3, log)
    #expect(functions(second).dropLast(2) == path.dropLast(1))
    #expect(Array(functions(second).suffix(2)) == [.canVMAMergeAfter, .vmaAdjust])
    #expect(merges(second) == [.case2])
    #expect(second.before.count == 1 && second.after?.count == 1)
    #expect(second.breakAfter == Address(0x5555_5504_2000))
  }

  @Test func aRefusalHasBothValues() throws {
    let log = """
      mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000002000
      mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000

      """
    let refused = try call(2, log).path.steps.compactMap { step -> VMAFlags? in
      if case .refused(.flags, let wanted, let present) = step.event {
        return wanted.flags.symmetricDifference(present.flags)
      }
      return nil
    }
    #expect(refused == [[.write, .account]])
  }

  @Test func aFailedCallSaysWhere() throws {
    let log = """
      mmap(0x10000, 8192, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x10000
      mprotect(0x10000, 16384, PROT_READ|PROT_WRITE) = -1 ENOMEM (Cannot allocate memory)

      """
    let failed = try call(2, log)
    #expect(functions(failed).first == .mprotectFixup)
    let holes = failed.path.steps.compactMap { step -> Address? in
      if case .hole(let address) = step.event { address } else { nil }
    }
    #expect(holes == [Address(0x12000)])
    #expect(failed.reason == .hole)
    #expect(failed.after?.first?.vma.flags.contains(.write) == true)
  }

  @Test func aRefusedBreakShowsWhatWasInTheWay() throws {
    let log = """
      brk(NULL) = 0x20000
      mmap(0x22000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x22000
      brk(0x22000) = 0x20000

      """
    let refused = try call(3, log)
    let checks = refused.path.steps.compactMap { step -> Bool? in
      if case .check(.free, let passed) = step.event { passed } else { nil }
    }
    #expect(checks == [false])
    #expect(refused.reason == .aboveHeap)
  }
}

/// Follows every path, and compares where it ends with what is there.
private struct PathChecker: ReplayObserver {
  static var tracesCalls: Bool { true }

  private(set) var traced = 0
  private(set) var merges: [MergeCase: UInt64] = [:]
  private(set) var refusals: [MergeRefusal: UInt64] = [:]
  private var before: [VMA.Handle: VMA] = [:]

  mutating func willApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>,
    files: FileTable
  ) -> Bool {
    before = Dictionary(uniqueKeysWithValues: space.vmas().map { ($0.handle, $0) })
    return true
  }

  mutating func didTrace<Index: VMAIndex & ~Copyable>(
    _ path: CallPath, of event: SyscallEvent, process: ProcessView,
    space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    // What a break that stays where it is would have done, and a new program, are not followed.
    if case .execve = event.call { return }
    traced += 1
    var map = before
    for step in path.steps {
      switch step.event {
      case .merged(let mergeCase): merges[mergeCase, default: 0] += 1
      case .refused(let reason, _, _): refusals[reason, default: 0] += 1
      case .linked(let vma): map[vma.handle] = vma
      case .removed(let vma): map[vma.handle] = nil
      case .resized(let vma, _), .became(let vma, _): map[vma.handle] = vma
      case .function, .check, .found, .mergeable, .noNeighbour, .notMerged, .adjusted,
        .gotAnonVMA, .unchanged, .exeFileVMAs, .hole, .unknown, .failed:
        break
      }
    }
    var there = space.vmas()
    var reached = map.values.sorted { $0.range.start < $1.range.start }
    // An anon_vma can come in a merge, which has no step of its own.
    for index in there.indices { there[index].anonVMA = .none }
    for index in reached.indices { reached[index].anonVMA = .none }
    #expect(reached == there, "line \(event.line) \(event.name)")
  }
}
