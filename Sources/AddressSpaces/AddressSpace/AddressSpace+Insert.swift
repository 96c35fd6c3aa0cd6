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
    let handle = slab.allocate(
      VMARecord(start: range.start, end: range.end, attributes: id, anonVMA: anonVMA))
    index.insert(handle, range, between: between)
    account(id, adding: range.lengthInPages)
    if origins.isOn { noteLink(handle, range, between) }
    let entry = VMAEntry(
      handle: handle, start: range.start, end: range.end, hint: index.hintOfLastInsert)
    if keepsObjects { linkObjects(entry) }
    if isTraced {
      path.enter(.vmaLink, range)
      path.note(.linked(vma(entry)))
      path.leave()
    }
    return entry
  }

  /// Linux: `remove_vma` after `__vma_unlink`.
  @inline(__always)
  mutating func vmaRemove(_ entry: VMAEntry) {
    memo.forget()
    if isTraced {
      path.enter(.removeVMA, entry.range)
      path.note(.removed(vma(entry)))
      path.leave()
    }
    let id = slab[entry.handle].attributes
    if keepsObjects { unlinkObjects(entry) }
    index.remove(entry)
    account(id, removing: entry.range.lengthInPages)
    attributes.release(id)
    slab.free(entry.handle)
  }

  /// Moves the borders of a VMA; what it maps at each address stays the same.
  @inline(__always)
  mutating func setRange(_ entry: VMAEntry, _ range: AddressRange) -> VMAEntry {
    memo.forget()
    let id = slab[entry.handle].attributes
    index.setRange(entry, range)
    if keepsObjects { unlinkFile(entry.handle) }
    slab[entry.handle].start = range.start
    slab[entry.handle].end = range.end
    if keepsObjects { linkFile(entry.handle) }
    account(id, adding: range.lengthInPages &- entry.range.lengthInPages)
    let resized = VMAEntry(
      handle: entry.handle, start: range.start, end: range.end, hint: entry.hint)
    if isTraced { path.note(.resized(vma(resized), from: entry.range)) }
    return resized
  }

  /// Replaces what a VMA is. Takes over the caller's reference to `id`.
  mutating func setAttributes(_ entry: VMAEntry, _ id: MergeID) {
    let old = slab[entry.handle].attributes
    let before = isTraced ? vma(entry) : nil
    account(old, removing: entry.range.lengthInPages)
    account(id, adding: entry.range.lengthInPages)
    if keepsObjects { unlinkFile(entry.handle) }
    slab[entry.handle].attributes = id
    if keepsObjects { linkFile(entry.handle) }
    if isTraced, let before { path.note(.became(vma(entry), from: before)) }
    attributes.release(old)
  }

  @inline(__always)
  private mutating func account(_ id: MergeID, adding pages: UInt64) {
    counters.add(pages, attributes[id])
  }

  @inline(__always)
  private mutating func account(_ id: MergeID, removing pages: UInt64) {
    counters.add(0 &- pages, attributes[id])
  }

  /// The attributes of a VMA.
  @inline(__always)
  borrowing func attributes(of entry: VMAEntry) -> MergeAttributes {
    attributes[slab[entry.handle].attributes]
  }

  /// To be called at the end of each operation, also of one that fails.
  @inline(__always)
  mutating func finish(around address: Address) {
    statistics.mapCountPeak = max(statistics.mapCountPeak, mapCount)
    statistics.totalVMPeak = max(statistics.totalVMPeak, totalVM)
    hiwaterVM = max(hiwaterVM, totalVM)
    #if CHECKED
      checkAfterMutation(around: address)
    #endif
  }
}
