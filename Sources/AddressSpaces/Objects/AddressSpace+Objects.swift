import SyscallABI

// Who maps a page of a file, and who shares an anon_vma. Kept only on a `TracedIndex` and if asked
// for, or in builds that check everything: on any other index nothing is left of it.

extension AddressSpace where Index: ~Copyable {
  @inline(__always)
  var keepsObjects: Bool {
    #if CHECKED
      objects.isOn
    #else
      Index.isTraced && objects.isOn
    #endif
  }

  /// From now on files and anon_vmas know their VMAs; only on a `TracedIndex`.
  ///
  /// - Complexity: O(*n* log *n*).
  public mutating func keepObjects() {
    if !Index.isTraced || objects.isOn { return }
    objects = ObjectTable(isOn: true)
    var entry = index.first()
    while !entry.isNone {
      linkObjects(entry)
      entry = index.next(entry)
    }
  }

  /// The files that VMAs map, in the order of their numbers; empty unless objects are kept.
  public var mappedFiles: [FileDescriptionID] { objects.mappedFiles }

  /// The anon_vmas of the VMAs, in the order of their making; empty unless objects are kept.
  public var anonVMAs: [AnonVMA] { objects.usedAnonVMAs }

  /// How often files and anon_vmas were taken and dropped.
  public var objectReferences: ObjectReferences { objects.references }

  /// The VMAs that map a page of `pages` of this file, in the order of their first pages.
  ///
  /// - Complexity: O(log *n* + *k*), expected, for *k* VMAs of a file that *n* VMAs map.
  ///
  /// Linux: `vma_prio_tree_foreach`.
  public borrowing func vmas(
    mapping pages: ClosedRange<UInt64>, of file: FileDescriptionID
  ) -> [VMA] {
    objects.handles(mapping: pages, of: file).map { vma(entry($0)) }
  }

  /// The VMAs whose pages of this file may be any, in the order in which they became so.
  ///
  /// Linux: `i_mmap_nonlinear`.
  public borrowing func nonLinearVMAs(of file: FileDescriptionID) -> [VMA] {
    objects.nonLinearHandles(of: file).map { vma(entry($0)) }
  }

  /// The VMAs that share this anon_vma, in address order.
  ///
  /// - Complexity: O(*k* log *k*).
  public borrowing func vmas(of anonVMA: AnonVMA) -> [VMA] {
    objects.handles(of: anonVMA).map { vma(entry($0)) }.sorted {
      $0.range.start < $1.range.start
    }
  }

  borrowing func entry(_ handle: VMA.Handle) -> VMAEntry {
    let range = objects.range(of: handle)
    return VMAEntry(handle: handle, start: range.start, end: range.end)
  }

  // MARK: What the functions that change VMAs call

  mutating func linkObjects(_ entry: VMAEntry) {
    objects.setRange(of: entry.handle, entry.range)
    linkFile(entry.handle)
    objects.link(slab[entry.handle].anonVMA, entry.handle)
  }

  mutating func unlinkObjects(_ entry: VMAEntry) {
    unlinkFile(entry.handle)
    objects.unlink(slab[entry.handle].anonVMA, entry.handle)
    objects.setRange(of: entry.handle, nil)
  }

  private mutating func linkFile(_ handle: VMA.Handle) {
    objects.linkFile(handle, place(handle))
  }

  private mutating func unlinkFile(_ handle: VMA.Handle) {
    objects.unlinkFile(handle, place(handle))
  }

  /// The borders of a VMA move. One that is nonlinear is found whatever they are.
  ///
  /// Linux: `root` in `vma_adjust`, which is null for VM_NONLINEAR.
  mutating func moveInTree(_ handle: VMA.Handle, to range: AddressRange) {
    let old = place(handle)
    if !old.isNonLinear { objects.leave(handle, old) }
    objects.setRange(of: handle, range)
    if !old.isNonLinear { objects.enter(handle, place(handle)) }
  }

  /// A VMA has become something else: it may have to leave the tree for the list.
  mutating func replace(_ handle: VMA.Handle, by id: MergeID) {
    let old = place(handle)
    slab[handle].attributes = id
    let new = place(handle)
    if old.isNonLinear && new.isNonLinear && old.file == new.file { return }
    objects.leave(handle, old)
    objects.enter(handle, new)
  }

  borrowing func place(_ handle: VMA.Handle) -> ObjectTable.Place {
    let attributes = self.attributes[slab[handle].attributes]
    let range = objects.range(of: handle)
    let first = attributes.pageOffset(at: range.start).rawValue
    let (last, wraps) = first.addingReportingOverflow(range.lengthInPages - 1)
    return ObjectTable.Place(
      file: attributes.file, pages: first...(wraps ? UInt64.max : last),
      isNonLinear: attributes.flags.contains(.nonLinear))
  }

  /// Gives a VMA another anon_vma, or takes it away.
  @inline(__always)
  mutating func setAnonVMA(_ entry: VMAEntry, _ anonVMA: AnonVMA) {
    keepForMark(entry)
    if keepsObjects {
      objects.unlink(slab[entry.handle].anonVMA, entry.handle)
      objects.link(anonVMA, entry.handle)
    }
    slab[entry.handle].anonVMA = anonVMA
  }

  /// Takes the objects from all VMAs, as the kernel does one by one.
  ///
  /// Linux: `free_pgtables` and `remove_vma` in `exit_mmap`.
  mutating func dropObjects() {
    var entry = index.first()
    while !entry.isNone {
      unlinkObjects(entry)
      entry = index.next(entry)
    }
    precondition(
      objects.isEmpty && objects.references.isBalanced, "references to shared objects are left")
  }
}
