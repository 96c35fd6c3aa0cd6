internal import SyscallABI
import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// Gives a VMA new borders, and takes what is in the way from the VMAs above it, or hands the
  /// rest over to the one that touches it.
  ///
  /// Linux: `vma_adjust` without `insert` (until 6.2), `commit_merge` (since 6.3).
  mutating func vmaAdjust(_ vma: VMAEntry, _ start: Address, _ end: Address) -> VMAEntry {
    vmaAdjust(vma, start, end, next: end == vma.end ? VMAEntry.none : index.next(vma))
  }

  /// - Parameter next: the VMA above; may be nil if the end stays.
  mutating func vmaAdjust(
    _ vma: VMAEntry, _ start: Address, _ end: Address, next: VMAEntry
  ) -> VMAEntry {
    if isTraced { path.enter(.vmaAdjust, AddressRange(start, end)) }
    defer { if isTraced { path.leave() } }
    var next = next
    var arm = AdjustArm.none
    // VVVNNN     or  VVVNNNXXX  =>  VVVVVV  or  VVVVVVVVV      (remove_next 1 and 2)
    while next.end != .zero && end >= next.end {
      let gone = next
      noteImporter(vma, vma, gone)
      next = end == gone.end ? .none : index.next(gone)
      vmaRemove(gone)
      arm = arm == .none ? .removeNext : .removeTwo
    }
    if next.start < end {
      // VVVNNNNN   =>   VVVVVNNN   (adjust_next > 0)
      statistics.count(.takeFromNext)
      if isTraced { path.note(.adjusted(.takeFromNext)) }
      noteImporter(vma, vma, next)
      _ = setRange(next, AddressRange(end, next.end))
      return setRange(vma, AddressRange(start, end))
    }
    let adjusted = setRange(vma, AddressRange(start, end))
    if end < vma.end && next.start == vma.end {
      // VVVVVNNN   =>   VVVNNNNN   (adjust_next < 0)
      noteImporter(next, vma, next)
      _ = setRange(next, AddressRange(end, next.end))
      arm = .giveToNext
    }
    statistics.count(arm)
    if isTraced { path.note(.adjusted(arm)) }
    return adjusted
  }

  /// Cuts a VMA in two at `address`, a page border inside it; both halves are what it was.
  ///
  /// ```
  /// VVVVVV   =>   VVVNNN       (newBelow: NNNVVV)
  /// ```
  ///
  /// Linux: `__split_vma`, which does not look at the limit.
  @discardableResult
  mutating func splitVMA(
    _ vma: VMAEntry, at address: Address, newBelow: Bool
  ) -> (lower: VMAEntry, upper: VMAEntry) {
    assert(vma.start < address && address < vma.end && address.isPageAligned)
    if isTraced {
      path.enter(.splitVMA, vma.range)
      path.note(.adjusted(.insert))
    }
    defer { if isTraced { path.leave() } }
    let record = slab[vma.handle]
    attributes.retain(record.attributes)
    statistics.splits += 1
    statistics.count(.insert)
    let below = AddressRange(vma.start, address)
    let above = AddressRange(address, vma.end)
    if newBelow {
      let previous = index.previous(vma)
      let upper = setRange(vma, above)
      let lower = vmaLink(
        below, record.attributes, record.anonVMA,
        between: VMANeighbours(previous: previous, next: upper))
      if keepsObjects { objects.truncations.split(upper.handle, off: lower.handle) }
      if origins.isOn { noteSplit(of: vma.handle, lower, upper) }
      return (lower, upper)
    }
    let next = index.next(vma)
    let lower = setRange(vma, below)
    let upper = vmaLink(
      above, record.attributes, record.anonVMA,
      between: VMANeighbours(previous: lower, next: next))
    if keepsObjects { objects.truncations.split(lower.handle, off: upper.handle) }
    if origins.isOn { noteSplit(of: vma.handle, lower, upper) }
    return (lower, upper)
  }

  /// Makes `range`, a part of `vma`, what `id` says: merges it with its neighbours if they are the
  /// same, else splits it off. Takes over the caller's reference to `id`.
  ///
  /// Returns the VMA that contains `range` afterwards.
  ///
  /// - Throws: `noMemory` if a split would exceed the limit; a first split stays.
  ///
  /// Linux: `vma_modify` (6.8); before, `vma_merge` and `split_vma` in each caller.
  mutating func vmaModify(
    _ vma: VMAEntry, _ range: AddressRange, _ id: MergeID, merges: Bool = true, leniently: Bool
  ) throws(Errno) -> VMAEntry {
    let isNamed = profile.version >= KernelVersion(6, 8)
    if isTraced && isNamed { path.enter(.vmaModify, range) }
    defer { if isTraced && isNamed { path.leave() } }
    if merges, let merged = vmaMergeExisting(vma, range, id) {
      attributes.release(id)
      return merged
    }
    var part = vma
    do throws(Errno) {
      if part.start < range.start {
        if !leniently { try checkSplit(of: part) }
        part = splitVMA(part, at: range.start, newBelow: true).upper
      }
      if range.end < part.end {
        if !leniently { try checkSplit(of: part) }
        part = splitVMA(part, at: range.end, newBelow: false).lower
      }
    } catch {
      attributes.release(id)
      throw error
    }
    if origins.isOn { noteChange(part, to: id) }
    setAttributes(part, id)
    return part
  }

  private mutating func checkSplit(of vma: VMAEntry) throws(Errno) {
    guard let errno = splitError(of: vma) else { return }
    if isTraced {
      path.enter(.splitVMA, vma.range)
      noteMapCount(limits.maxMapCount - 1)
      noteFailure(errno)
      path.leave()
    }
    throw errno
  }

  /// Linux: the checks of `split_vma`.
  borrowing func splitError(of vma: VMAEntry) -> Errno? {
    if mapCount >= limits.maxMapCount { return .noMemory }
    return cannotBeCut(attributes(of: vma)) ? .invalidArgument : nil
  }

  /// Mappings that the kernel itself installs (vdso, vvar) and huge pages are not cut anywhere.
  ///
  /// Linux: `vm_ops->may_split`.
  func cannotBeCut(_ attributes: MergeAttributes) -> Bool {
    profile.follows(.kernelMappingsStayWhole) && attributes.file == .none
      && !attributes.flags.isDisjoint(with: .special)
      && !attributes.flags.contains(.hugeTLB)
  }
}
