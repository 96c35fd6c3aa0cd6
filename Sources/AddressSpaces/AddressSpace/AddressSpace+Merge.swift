import SyscallABI

extension AddressSpace where Index: ~Copyable {
  /// Tries to make a new range, in which nothing is mapped, part of its neighbours.
  ///
  /// `id` stays the caller's. Returns nil if there is no merge.
  ///
  /// Linux: `vma_merge_new_range` (6.12), `vma_merge` cases 1 to 3.
  @inline(__always)
  mutating func vmaMergeNew(
    _ range: AddressRange, _ id: MergeID, anonVMA: AnonVMA = .none,
    copiedFromForkChild: Bool = false, kind: MergeProposal.Kind = .newRange,
    between: VMANeighbours
  ) -> VMAEntry? {
    let (touchesPrevious, touchesNext) =
      (between.previous.end == range.start, between.next.start == range.end)
    if !touchesPrevious && !touchesNext && !isTraced { return nil }
    let proposal = MergeProposal(
      kind: kind, attributes: id, anonVMA: anonVMA, sourceIsForkChild: copiedFromForkChild,
      previous: side(between.previous, touches: touchesPrevious),
      next: side(between.next, touches: touchesNext))
    let outcome = mergePlan(proposal, attributes, profile)
    statistics.count(outcome)
    if isTraced {
      path.enter(.vmaMergeNew, range)
      notePlan(outcome, proposal, range, between)
    }
    defer { if isTraced { path.leave() } }
    guard let mergeCase = outcome.mergeCase else { return nil }
    if origins.isOn { noteMerge(mergeCase, ofNewRangeBetween: between) }
    return vmaMerge(mergeCase, range, middle: .none, anonVMA, between)
  }

  /// Tries to make a part of a VMA that becomes `id` part of the neighbours of that VMA.
  ///
  /// Linux: `vma_merge_existing_range` (6.12), `vma_merge` cases 4 to 8.
  mutating func vmaMergeExisting(
    _ middle: VMAEntry, _ range: AddressRange, _ id: MergeID
  ) -> VMAEntry? {
    let kind: MergeProposal.Kind
    switch (range.start == middle.start, range.end == middle.end) {
    case (true, true): kind = .wholeVMA
    case (true, false): kind = .lowerPart
    case (false, true): kind = .upperPart
    case (false, false): return nil
    }
    let previous = kind == .upperPart ? VMAEntry.none : index.previous(middle)
    let next = kind == .lowerPart ? VMAEntry.none : index.next(middle)
    let anonVMA = slab[middle.handle].anonVMA
    let proposal = MergeProposal(
      kind: kind, attributes: id, anonVMA: anonVMA, sourceIsForkChild: anonVMA.isForkChild,
      previous: side(previous, touches: previous.end == range.start),
      next: side(next, touches: next.start == range.end))
    let outcome = mergePlan(proposal, attributes, profile)
    statistics.count(outcome)
    let around = VMANeighbours(previous: previous, next: next)
    if isTraced {
      path.enter(.vmaMergeExisting, range)
      notePlan(outcome, proposal, range, around)
    }
    defer { if isTraced { path.leave() } }
    guard let mergeCase = outcome.mergeCase else { return nil }
    if origins.isOn { noteMerge(mergeCase, of: middle, to: id, around) }
    return vmaMerge(mergeCase, range, middle: middle, anonVMA, around)
  }

  @inline(__always)
  private borrowing func side(_ entry: VMAEntry, touches: Bool) -> MergeProposal.Side {
    if !touches || entry.isNone { return .none }
    let record = slab[entry.handle]
    return MergeProposal.Side(
      touches: true, attributes: record.attributes, anonVMA: record.anonVMA)
  }

  /// Carries a merge out: which VMA survives, with which borders and which anon_vma.
  ///
  /// `P` is below, `N` above, `M` the VMA in the middle, `*` the range.
  private mutating func vmaMerge(
    _ mergeCase: MergeCase, _ range: AddressRange, middle: VMAEntry, _ anonVMA: AnonVMA,
    _ around: VMANeighbours
  ) -> VMAEntry {
    let previous = around.previous
    let next = around.next
    let above = middle.isNone ? next : middle
    // In 2.6 a moved range does not bring its anon_vma to the VMA that takes it up.
    let brings = !middle.isNone || profile.follows(.writtenJoinsUnwritten)
    let anonVMA = brings ? anonVMA : .none
    switch mergeCase {
    case .case1, .case6:
      // PPP***NNN  or  PPPMMMNNN   =>   PPPPPPPPP
      let theirs = slab[next.handle].anonVMA
      inherit(previous, theirs.isNone ? anonVMA : theirs)
      return vmaAdjust(previous, previous.start, next.end, next: above)
    case .case2, .case5, .case7:
      // PPP***     or  PPP***MMM  or  PPPMMM   =>   PPPPPP
      inherit(previous, anonVMA)
      return vmaAdjust(previous, previous.start, range.end, next: above)
    case .case3:
      // ***NNN   =>   NNNNNN
      inherit(next, anonVMA)
      return vmaAdjust(next, range.start, next.end, next: .none)
    case .case4:
      // MMM***NNN   =>   MMMNNNNNN
      inherit(next, anonVMA)
      _ = vmaAdjust(middle, middle.start, range.start)
      return VMAEntry(handle: next.handle, start: range.start, end: next.end)
    case .case8:
      // MMMNNN   =>   MMMMMM, and M is what N was
      let record = slab[next.handle]
      attributes.retain(record.attributes)
      setAttributes(middle, record.attributes)
      if !record.anonVMA.isNone { setAnonVMA(middle, record.anonVMA) }
      return vmaAdjust(middle, middle.start, next.end)
    }
  }

  /// The survivor takes the anon_vma of what it swallows, unless it has one.
  ///
  /// Linux: `dup_anon_vma` (6.x), the importer of `vma_adjust` (2.6).
  @inline(__always)
  private mutating func inherit(_ survivor: VMAEntry, _ anonVMA: AnonVMA) {
    if slab[survivor.handle].anonVMA.isNone { setAnonVMA(survivor, anonVMA) }
  }
}
