import SyscallABI

/// The few functions that change the set of VMAs; everything else goes through them.
extension AddressSpace where Index: ~Copyable {
  /// Adds a VMA where nothing is mapped. Takes over the caller's reference to `id`.
  ///
  /// Linux: `vma_link`, `insert_vm_struct`.
  @discardableResult
  @inline(__always)
  mutating func vmaLink(
    _ range: AddressRange, _ id: MergeID, _ anonVMA: AnonVMA, between: VMANeighbours
  ) -> VMAEntry {
    memo.forget()
    let handle = slab.allocate(VMARecord(attributes: id, anonVMA: anonVMA))
    if mark.isSet { mark.noteNew(handle) }
    index.insert(handle, range, between: between)
    counters.add(range.lengthInPages, attributes[id], vmas: 1)
    if origins.isOn { noteLink(handle, range, between) }
    let entry = VMAEntry(
      handle: handle, start: range.start, end: range.end, hint: index.hintOfLastInsert)
    if keepsObjects { linkObjects(entry) }
    if isTraced {
      path.enter(.vmaLink, range)
      path.note(.linked(vma(entry)))
      path.leave()
      if attributes[id].flags.contains(.executable) { noteExeFileVMAs(.addedExeFileVMA) }
    }
    return entry
  }

  /// Linux: `remove_vma` after `__vma_unlink`.
  @inline(__always)
  mutating func vmaRemove(_ entry: VMAEntry) {
    memo.forget()
    keepForMark(entry)
    let id = slab[entry.handle].attributes
    counters.add(0 &- entry.range.lengthInPages, attributes[id], vmas: 0 &- 1)
    if isTraced {
      path.enter(.removeVMA, entry.range)
      path.note(.removed(vma(entry)))
      path.leave()
      if attributes[id].flags.contains(.executable) { noteExeFileVMAs(.removedExeFileVMA) }
    }
    if keepsObjects { unlinkObjects(entry) }
    index.remove(entry)
    attributes.release(id)
    slab.free(entry.handle)
  }

  /// Moves the borders of a VMA; what it maps at each address stays the same.
  @inline(__always)
  mutating func setRange(_ entry: VMAEntry, _ range: AddressRange) -> VMAEntry {
    memo.forget()
    keepForMark(entry)
    let id = slab[entry.handle].attributes
    index.setRange(entry, range)
    if keepsObjects { moveInTree(entry.handle, to: range) }
    counters.add(range.lengthInPages &- entry.range.lengthInPages, attributes[id])
    let resized = VMAEntry(
      handle: entry.handle, start: range.start, end: range.end, hint: entry.hint)
    if isTraced { path.note(.resized(vma(resized), from: entry.range)) }
    return resized
  }

  /// Replaces what a VMA is. Takes over the caller's reference to `id`.
  mutating func setAttributes(_ entry: VMAEntry, _ id: MergeID) {
    keepForMark(entry)
    let old = slab[entry.handle].attributes
    let before = isTraced ? vma(entry) : nil
    counters.add(0 &- entry.range.lengthInPages, attributes[old], vmas: 0 &- 1)
    counters.add(entry.range.lengthInPages, attributes[id], vmas: 1)
    if keepsObjects { replace(entry.handle, by: id) } else { slab[entry.handle].attributes = id }
    if isTraced, let before { path.note(.became(vma(entry), from: before)) }
    attributes.release(old)
  }

  /// The attributes of a VMA.
  @inline(__always)
  borrowing func attributes(of entry: VMAEntry) -> MergeAttributes {
    attributes[slab[entry.handle].attributes]
  }

  /// To be called at the end of each operation, also of one that fails.
  @inline(__always)
  mutating func finish(around address: Address) {
    if mapCount > statistics.mapCountPeak { statistics.mapCountPeak = mapCount }
    if totalVM > hiwaterVM {
      hiwaterVM = totalVM
      statistics.totalVMPeak = max(statistics.totalVMPeak, totalVM)
    }
    #if CHECKED
      checkAfterMutation(around: address)
    #endif
  }
}
