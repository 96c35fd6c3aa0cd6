public import SyscallABI
import SystemPackage

/// Notes the path of a call. Every function that has something to tell asks `isTraced` first, which
/// is false at compile time on every index but a `TracedIndex`.
extension AddressSpace where Index: ~Copyable {
  @inline(__always)
  var isTraced: Bool { Index.isTraced && path.isOn }

  /// From here on the path of the call is noted, if the index is a `TracedIndex`.
  public mutating func beginPath() { path.begin() }

  /// Ends the notes and hands them over.
  public mutating func endPath() -> CallPath {
    defer { path = CallPath() }
    return path
  }

  /// The path that brk takes to `address`; the address space stays as it is.
  public borrowing func pathOfBreak(_ address: Address) -> CallPath {
    var copy = AddressSpace(copying: self)
    copy.beginPath()
    copy.brk(address)
    return copy.endPath()
  }

  @inline(never)
  mutating func noteCheck(_ check: CallCheck, passed: Bool) {
    path.note(.check(check, passed: passed))
  }

  /// The checks of limits that come once the range is clear.
  @inline(never)
  mutating func noteLimits(_ pages: UInt64, charged: Bool, isData: Bool = false) {
    path.enter(.mayExpandVM)
    noteCheck(
      .addressSpace(pages: pages, total: totalVM, limit: limits.addressSpace),
      passed: !exceedsAddressSpaceLimit(pages))
    if isData && limits.data != ResourceLimit.infinity && profile.follows(.dataLimitOfWritable) {
      noteCheck(.dataLimit(limits.data), passed: !exceedsDataPages(pages))
    }
    path.leave()
    if !charged { return }
    path.enter(.securityVMEnoughMemory)
    noteCheck(.memory(pages: pages), passed: hasEnoughMemory(pages))
    path.leave()
  }

  @inline(never)
  mutating func noteFree(_ function: KernelFunction, _ range: AddressRange) {
    path.enter(function, range)
    let entry = index.search(range.start)
    noteCheck(.free(range), passed: entry.start >= range.end)
    path.note(.found(entry.isNone ? nil : vma(entry)))
    path.leave()
  }

  @inline(never)
  mutating func noteFailure(_ error: Errno) { path.note(.failed(error)) }

  /// Whether there may be one more VMA.
  @inline(never)
  mutating func noteMapCount(_ limit: Int) {
    noteCheck(.mapCount(mapCount, limit: limit), passed: mapCount <= limit)
  }

  @inline(never)
  mutating func noteFailedMmap(_ length: UInt64, _ errno: Errno) {
    noteMapCount(limits.maxMapCount)
    let pages = (Page.align(length) ?? 0) >> Page.shift
    if errno == .noMemory {
      noteCheck(.taskSize, passed: pages <= taskSize.pageNumber)
      noteLimits(pages, charged: false)
    } else if errno == .resourceTemporarilyUnavailable {
      return noteLockLimit(pages, errno)
    } else {
      noteCheck(.arguments, passed: false)
    }
    noteFailure(errno)
  }

  @inline(never)
  mutating func noteLockLimit(_ pages: UInt64, _ errno: Errno) {
    noteCheck(
      .memLock(pages: pages, locked: lockedVM, limit: limits.memLock),
      passed: !mlockExceedsLimit(pages))
    noteFailure(errno)
  }

  @inline(never)
  mutating func noteFailedRemap(_ errno: Errno) {
    if errno == .invalidArgument { noteCheck(.arguments, passed: false) }
    noteFailure(errno)
  }

  /// 6.x does not even ask whether the heap can be merged with what ends at its start.
  @inline(never)
  mutating func noteHeapRefusal(_ range: AddressRange, _ id: MergeID, _ below: VMAEntry) {
    path.enter(.vmaMergeNew, range)
    let proposal = MergeProposal(
      kind: .heapGrowth, attributes: id, anonVMA: .none, sourceIsForkChild: false,
      previous: MergeProposal.Side(touches: true, attributes: id, anonVMA: .none), next: .none)
    notePlan(
      MergeOutcome(refusedPrevious: .heap), proposal, range,
      VMANeighbours(previous: below, next: .none))
    path.leave()
  }

  /// What a merge was asked, and what was answered for each side.
  @inline(never)
  mutating func notePlan(
    _ outcome: MergeOutcome, _ proposal: MergeProposal, _ range: AddressRange,
    _ around: VMANeighbours
  ) {
    let attributes = self.attributes[proposal.attributes]
    let wanted = VMA(
      handle: .none, range: range, flags: attributes.flags, file: attributes.file,
      pageOffset: attributes.pageOffset(at: range.start), policy: attributes.policy,
      name: attributes.name, userfault: attributes.userfault,
      hasCloseHook: attributes.hasCloseHook, anonVMA: proposal.anonVMA)
    note(
      .canVMAMergeAfter, proposal.mayJoinPrevious, outcome.refusedPrevious, wanted,
      around.previous)
    note(.canVMAMergeBefore, proposal.mayJoinNext, outcome.refusedNext, wanted, around.next)
    path.note(outcome.mergeCase.map { .merged($0) } ?? .notMerged)
  }

  private mutating func note(
    _ function: KernelFunction, _ isAsked: Bool, _ refusal: MergeRefusal?, _ wanted: VMA,
    _ neighbour: VMAEntry
  ) {
    guard isAsked else {
      return path.note(.noNeighbour(isBelow: function == .canVMAMergeAfter))
    }
    let present = vma(neighbour)
    path.enter(function, present.range)
    path.note(
      refusal.map { .refused($0, wanted: wanted, present: present) } ?? .mergeable(present))
    path.leave()
  }
}
