public import SyscallABI
public import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// Adds a VMA that was there before the first call, as a snapshot shows it. Nothing merges.
  ///
  /// - Parameters:
  ///   - range: page-aligned and not empty.
  ///   - flags: complete, with the MAY bits and the hidden ones.
  ///   - file: the open file description, `.none` for anonymous memory.
  ///   - offset: in bytes into the file; ignored for private anonymous memory.
  ///   - written: a page was written privately, so that there is an anon_vma.
  /// - Throws: `fileExists` if something is mapped in `range`, `invalidArgument` if it is no range
  ///   of pages; nothing is changed then.
  /// - Complexity: O(log *n*).
  public mutating func install(
    _ range: AddressRange, flags: VMAFlags, file: FileDescriptionID = .none, offset: UInt64 = 0,
    policy: PolicyID = .default, name: NameID = .none, userfault: UserfaultID = .none,
    hasCloseHook: Bool = false, written: Bool = false
  ) throws(Errno) {
    guard !range.isEmpty, range.start.isPageAligned, range.end.isPageAligned else {
      throw .invalidArgument
    }
    let around = index.findPrepare(range.start)
    if around.next.start < range.end { throw .fileExists }
    var attributes = MergeAttributes(
      flags: flags, file: file, policy: policy, name: name, userfault: userfault,
      hasCloseHook: hasCloseHook)
    if !attributes.isAnonymous {
      let offset = PageOffset(offset >> Page.shift)
      attributes.linear = MergeAttributes.linear(offset: offset, at: range.start)
    }
    let id = self.attributes.intern(attributes)
    let entry = vmaLink(range, id, .none, between: around)
    if written { anonVMAPrepare(entry) }
    finish(around: range.start)
  }

  /// Removes all VMAs, as execve and exit do. Limits, `statistics` and a mark stay; the counts of
  /// the slab and of the cache start again, unless a mark is set.
  ///
  /// Linux: `exit_mmap`.
  public mutating func removeAll() {
    if mark.isSet { removeVMAs { _, _ in true } } else { replaceTables() }
    hiwaterVM = 0
    defaultFlags = []
    segmentSizes = [:]
    layout = ProcessStat()
    mmapBase = .zero
    currentBreak = .zero
    freeings &+= 1
    exeFileDescription = .none
    exeFileVMAsNotCopied = 0
  }

  private mutating func replaceTables() {
    if keepsObjects { dropObjects() }
    index = Index()
    slab = VMASlab()
    attributes = MergeAttributeTable()
    // What was remembered names rows and records that are gone.
    kinds = MappingKinds()
    memo = MmapMemo()
    counters = VMCounters()
  }

  /// One by one: a mark keeps what they were, and what that names.
  mutating func removeVMAs(where isGone: (borrowing VMAMark, VMA.Handle) -> Bool) {
    var entry = index.first()
    while !entry.isNone {
      let next = index.next(entry)
      if isGone(mark, entry.handle) { vmaRemove(entry) }
      entry = next
    }
  }
}
