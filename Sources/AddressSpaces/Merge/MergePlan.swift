import SyscallABI

/// A range that could become part of its neighbours: what `vma_merge` is asked.
struct MergeProposal: BitwiseCopyable {
  /// Which part of what the range is; it decides which borders can be merged across.
  enum Kind: BitwiseCopyable {
    /// Nothing is mapped there yet.
    case newRange
    /// The heap grows: only the VMA below may take it.
    case heapGrowth
    /// A whole VMA changes.
    case wholeVMA
    /// The lower part of a VMA changes.
    case lowerPart
    /// The upper part of a VMA changes.
    case upperPart
  }

  /// A neighbour that touches the range.
  struct Side: BitwiseCopyable {
    var touches: Bool
    var attributes: MergeID
    var anonVMA: AnonVMA

    static let none = Side(touches: false, attributes: .none, anonVMA: .none)
  }

  var kind: Kind
  /// What the range will be.
  var attributes: MergeID
  var anonVMA: AnonVMA
  /// The range belongs to a VMA, or is copied from one, that was inherited by fork.
  var sourceIsForkChild: Bool
  var previous: Side
  var next: Side

  var mayJoinPrevious: Bool { previous.touches && kind != .upperPart }
  var mayJoinNext: Bool { next.touches && kind != .lowerPart && kind != .heapGrowth }
}

/// What becomes of a proposal: the case of the merge, and why a touching neighbour was refused.
struct MergeOutcome: Hashable, BitwiseCopyable {
  var mergeCase: MergeCase?
  var refusedPrevious: MergeRefusal?
  var refusedNext: MergeRefusal?
}

/// Decides a merge without changing anything.
///
/// Linux: `vma_merge_new_range`, `vma_merge_existing_range` (6.12), the conditions of `vma_merge`
/// (until 6.11).
@inline(__always)
func mergePlan(
  _ proposal: MergeProposal, _ table: borrowing MergeAttributeTable, _ profile: KernelProfile
) -> MergeOutcome {
  var outcome = MergeOutcome()
  var left = proposal.mayJoinPrevious
  var right = proposal.mayJoinNext
  if !left && !right { return outcome }

  if left {
    outcome.refusedPrevious = refusal(proposal, proposal.previous, table, profile)
    left = outcome.refusedPrevious == nil
  }
  if right {
    outcome.refusedNext = refusal(proposal, proposal.next, table, profile)
    right = outcome.refusedNext == nil
  }
  if left && right && !canJoinEachOther(proposal.previous.anonVMA, proposal.next.anonVMA) {
    outcome.refusedNext = .anonVMA
    right = false
  }
  if (left || right) && table[proposal.attributes].hasCloseHook {
    refuseToRemoveHooked(proposal, table, &left, &right, &outcome)
  }

  switch (left, right, proposal.kind) {
  case (false, false, _): outcome.mergeCase = nil
  case (true, true, .newRange): outcome.mergeCase = .case1
  case (true, false, .newRange), (true, _, .heapGrowth): outcome.mergeCase = .case2
  case (false, true, .newRange): outcome.mergeCase = .case3
  case (_, true, .upperPart): outcome.mergeCase = .case4
  case (true, _, .lowerPart): outcome.mergeCase = .case5
  case (true, true, .wholeVMA): outcome.mergeCase = .case6
  case (true, false, .wholeVMA): outcome.mergeCase = .case7
  case (false, true, .wholeVMA): outcome.mergeCase = .case8
  case (true, _, .upperPart), (_, true, .lowerPart), (_, true, .heapGrowth):
    preconditionFailure("a range merges across a border that it does not have")
  }
  return outcome
}

/// A VMA with a close hook must not disappear, since the hook would not be told.
///
/// Linux: `can_merge_remove_vma` (6.12).
@inline(never)
private func refuseToRemoveHooked(
  _ proposal: MergeProposal, _ table: borrowing MergeAttributeTable, _ left: inout Bool,
  _ right: inout Bool, _ outcome: inout MergeOutcome
) {
  if proposal.kind == .wholeVMA {
    // The middle one would be removed.
    if left { outcome.refusedPrevious = .closeHook }
    if right { outcome.refusedNext = .closeHook }
    left = false
    right = false
  } else if left && right {
    // Only the upper neighbour would be removed: what remains is the merge with the lower one.
    outcome.refusedNext = .closeHook
    right = false
  }
}

/// Why `side` cannot become one with the range; nil if it can.
///
/// Linux: `can_vma_merge_before`, `can_vma_merge_after`, `is_mergeable_vma`.
@inline(__always)
private func refusal(
  _ proposal: MergeProposal, _ side: MergeProposal.Side, _ table: borrowing MergeAttributeTable,
  _ profile: KernelProfile
) -> MergeRefusal? {
  guard side.attributes == proposal.attributes else {
    let anonVMAsFit = isMergeableAnonVMA(
      target: side.anonVMA, source: proposal.anonVMA,
      sourceIsForkChild: proposal.sourceIsForkChild, profile)
    return refusalOfDifferent(
      proposal.attributes, side.attributes, anonVMAsFit: anonVMAsFit, table, profile)
  }
  let attributes = table[proposal.attributes]
  if !attributes.flags.isDisjoint(with: .special) { return .special }
  if attributes.hasCloseHook && profile.asksCloseHookFirst { return .closeHook }
  return isMergeableAnonVMA(
    target: side.anonVMA, source: proposal.anonVMA,
    sourceIsForkChild: proposal.sourceIsForkChild, profile) ? nil : .anonVMA
}

/// The first attribute in which both differ, unless something else comes before it.
@inline(never)
private func refusalOfDifferent(
  _ wanted: MergeID, _ present: MergeID, anonVMAsFit: Bool,
  _ table: borrowing MergeAttributeTable, _ profile: KernelProfile
) -> MergeRefusal? {
  let wanted = table[wanted]
  let present = table[present]
  if !wanted.flags.isDisjoint(with: .special) { return .special }
  if wanted.policy != present.policy { return .policy }
  if wanted.flags != present.flags { return .flags }
  if wanted.file != present.file { return .file }
  if profile.asksCloseHookFirst && present.hasCloseHook { return .closeHook }
  if wanted.userfault != present.userfault { return .userfaultfd }
  if wanted.name != present.name { return .name }
  // Only the offset, or the hook that comes with the file, is left.
  return anonVMAsFit ? .offset : .anonVMA
}

/// Whether a range with `source` may become part of a neighbour with `target`.
///
/// Linux: `is_mergeable_anon_vma`.
@inline(__always)
func isMergeableAnonVMA(
  target: AnonVMA, source: AnonVMA, sourceIsForkChild: Bool, _ profile: KernelProfile
) -> Bool {
  if target == source { return true }
  if !target.isNone && !source.isNone { return false }
  if !profile.follows(.forkChildStaysApart) { return true }
  if source.isNone { return !target.isForkChild }
  return profile.follows(.writtenJoinsUnwritten) && !sourceIsForkChild
}

/// Whether the two neighbours of a range, each of which may join it, may join each other.
@inline(__always)
func canJoinEachOther(_ previous: AnonVMA, _ next: AnonVMA) -> Bool {
  previous.isNone || next.isNone || previous == next
}
