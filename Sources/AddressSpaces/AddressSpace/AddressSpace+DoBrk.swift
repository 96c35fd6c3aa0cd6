public import SyscallABI
public import SystemPackage

/// The heap as 2.6 has it, and the functions below it that a program loader calls.
extension AddressSpace where Index: ~Copyable {
  /// Linux: `sys_brk` (2.6).
  mutating func oldSysBrk(_ address: Address) {
    if isTraced { noteBreakChecks(address, lowest: layout.endCode) }
    if address < layout.endCode || exceedsDataLimit(address) { return }
    let new = address.roundedUpToPage
    let old = currentBreak.roundedUpToPage
    if old == new {
      currentBreak = address
      return
    }
    // Shrinking is always allowed.
    if address <= currentBreak {
      guard new < old, (try? doMunmap(AddressRange(new, old), leniently: false)) != nil
      else { return }
      noteHole(AddressRange(new, old))
      currentBreak = address
      return
    }
    // A page above stays free, so that the heap never meets the VMA above it.
    if index.find(old).start < new &+ Page.size { return }
    if (try? doBrk(old, length: new &- old)) != nil { currentBreak = address }
  }

  /// Maps private anonymous memory, readable and writable, over whatever is there: as the loader
  /// does for .bss, and the growing heap on free pages.
  ///
  /// What is in the way is unmapped first and the limits are asked afterwards, so that a refusal
  /// leaves a hole.
  ///
  /// - Parameters:
  ///   - address: page-aligned.
  ///   - length: in bytes; rounded up to pages. 0 does nothing.
  /// - Returns: `address`.
  /// - Throws: `invalidArgument` (above `TASK_SIZE`, or the range wraps),
  ///   `resourceTemporarilyUnavailable` (RLIMIT_MEMLOCK with MCL_FUTURE), `noMemory` (RLIMIT_AS,
  ///   the limit of VMAs, overcommit, a cut that is refused).
  /// - Complexity: O(log *n* + VMAs replaced).
  ///
  /// Linux: `do_brk` (2.6).
  @discardableResult
  public mutating func doBrk(_ address: Address, length: UInt64) throws(Errno) -> Address {
    let size = (length &+ Page.mask) & ~Page.mask
    if size == 0 { return address }
    let end = address &+ size
    guard address.isPageAligned, end <= taskSize, end >= address else { throw .invalidArgument }
    let range = AddressRange(address, end)
    let pages = range.lengthInPages
    if isTraced { path.enter(.doBrk, range) }
    defer { if isTraced { path.leave() } }
    if defaultFlags.contains(.locked) && mlockExceedsLimit(pages) {
      if isTraced { noteLockLimit(pages, .resourceTemporarilyUnavailable) }
      throw .resourceTemporarilyUnavailable
    }
    // munmap_back, as long as something is in the way.
    if isTraced { noteFree(.findVMAPrepare, range) }
    // munmap_back: what is cleared stays so, whatever is refused below.
    while isMapped(anyOf: range) {
      do throws(Errno) {
        try doMunmap(range, leniently: false)
        noteHole(range)
      } catch {
        finish(around: address)
        throw .noMemory
      }
    }
    if isTraced {
      noteLimits(pages, charged: true, isData: true)
      noteMapCount(limits.maxMapCount)
    }
    if exceedsAddressSpaceLimit(pages) || exceedsDataPages(pages)
      || mapCount > limits.maxMapCount
      || !hasEnoughMemory(pages)
    {
      finish(around: address)
      if isTraced { noteFailure(.noMemory) }
      throw .noMemory
    }
    growHeap(range)
    finish(around: address)
    return address
  }

  /// Adds a VMA as the loader does for the stack and for the kernel's own mappings; never merges.
  ///
  /// There is no way to pass an anon_vma: memory without a file must not have one, and gets the
  /// number of its first page as its offset.
  ///
  /// - Parameters:
  ///   - range: page-aligned and not empty.
  ///   - flags: complete, with the MAY bits.
  ///   - offset: in bytes into the file; ignored without one.
  /// - Throws: `noMemory` if something is mapped in `range`, or if `flags` has VM_ACCOUNT and there
  ///   is not enough memory; `invalidArgument` if it is no range of pages. Nothing is changed then.
  /// - Complexity: O(log *n*).
  ///
  /// Linux: `insert_vm_struct` (2.6), without the cases of hugetlb.
  public mutating func insertVMStruct(
    _ range: AddressRange, flags: VMAFlags, file: FileDescriptionID = .none, offset: UInt64 = 0
  ) throws(Errno) {
    guard !range.isEmpty, range.start.isPageAligned, range.end.isPageAligned else {
      throw .invalidArgument
    }
    let around = index.findPrepare(range.start)
    if around.next.start < range.end { throw .noMemory }
    if flags.contains(.account) && !hasEnoughMemory(range.lengthInPages) { throw .noMemory }
    var attributes = MergeAttributes(flags: flags, file: file)
    if file != .none {
      let offset = PageOffset(offset >> Page.shift)
      attributes.linear = MergeAttributes.linear(offset: offset, at: range.start)
    }
    let id = self.attributes.intern(attributes)
    vmaLink(range, id, .none, between: around)
    finish(around: range.start)
  }
}
