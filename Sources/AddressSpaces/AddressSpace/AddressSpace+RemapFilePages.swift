public import SyscallABI
public import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// Changes which pages of its file a shared mapping shows.
  ///
  /// Since Linux 4.0 that is a new mapping. Before, the VMA became nonlinear, with all its pages,
  /// unless it was of a file on disk.
  ///
  /// - Parameters:
  ///   - length: in bytes; rounded down to pages.
  ///   - pageOffset: the first page of the file to show.
  ///   - isOnDisk: what is written to the file is written back: neither shared memory nor a file
  ///     of a memory file system. Read before 4.0 only.
  /// - Throws: `invalidArgument` if the range is not inside shared mappings of one file (before
  ///   4.0: inside one VMA), `noMemory` (limits).
  ///
  /// Linux: `remap_file_pages`.
  public mutating func remapFilePages(
    _ address: Address, length: UInt64, pageOffset: PageOffset, isOnDisk: Bool = true,
    leniently: Bool = false
  ) throws(Errno) {
    guard let range = Self.remappedRange(address, length), let first = remappable(range) else {
      throw .invalidArgument
    }
    var attributes = self.attributes(of: first)
    if !profile.follows(.nonLinearIsEmulated) {
      if attributes.flags.contains(.nonLinear) { return }
      // Shown so already.
      if attributes.pageOffset(at: range.start) == pageOffset { return }
      if !isOnDisk || attributes.hasCloseHook {
        makeNonLinear(first)
        return finish(around: range.start)
      }
    } else {
      // The mapping is made anew from the access bits: advice is lost.
      let kept: VMAFlags = [.read, .write, .exec, .shared, .locked]
      attributes.flags = attributes.flags.intersection(
        kept.union([.mayRead, .mayWrite, .mayExec, .mayShare]))
      attributes.flags.formUnion(defaultFlags)
    }
    attributes.linear = MergeAttributes.linear(offset: pageOffset, at: range.start)
    attributes.policy = .default
    attributes.name = .none
    _ = try mmapRegion(
      range, attributes.flags, self.attributes.intern(attributes), replaces: true,
      populates: profile.follows(.nonLinearIsEmulated), leniently: leniently)
  }

  /// `VVVVVV`: which page of the file each of them shows is known to the page tables alone.
  ///
  /// Linux: the part of `sys_remap_file_pages` under `i_mmap_lock` (until 3.19).
  private mutating func makeNonLinear(_ vma: VMAEntry) {
    if isTraced { path.enter(.vmaNonlinearInsert, vma.range) }
    defer { if isTraced { path.leave() } }
    var attributes = self.attributes(of: vma)
    attributes.flags.insert(.nonLinear)
    let id = self.attributes.intern(attributes)
    if origins.isOn { noteChange(vma, to: id) }
    setAttributes(vma, id)
  }

  /// The error with which remap_file_pages would fail; nil if it would succeed. Nothing is changed.
  ///
  /// - Parameter prot: must be 0.
  ///
  /// Linux: `remap_file_pages`.
  public borrowing func predictRemapFilePages(
    _ address: Address, length: UInt64, prot: Protection = Protection(rawValue: 0),
    pageOffset: PageOffset, isOnDisk: Bool = true
  ) -> Errno? {
    if prot.rawValue != 0 { return .invalidArgument }
    guard let range = Self.remappedRange(address, length),
      !pageOffset.rawValue.addingReportingOverflow(range.lengthInPages).overflow,
      let first = remappable(range)
    else { return .invalidArgument }
    if !profile.follows(.nonLinearIsEmulated) {
      let attributes = self.attributes(of: first)
      if attributes.flags.contains(.nonLinear) || attributes.hasCloseHook || !isOnDisk
        || attributes.pageOffset(at: range.start) == pageOffset
      {
        return nil
      }
    } else if mapCount > limits.maxMapCount {
      return .noMemory
    }
    return munmapFailure(range)?.errno
  }

  private static func remappedRange(_ address: Address, _ length: UInt64) -> AddressRange? {
    let start = address.roundedDownToPage
    let end = start &+ (length & ~Page.mask)
    return end > start ? AddressRange(start, end) : nil
  }

  /// The VMA in which the range begins, if all of it may be remapped.
  private borrowing func remappable(_ range: AddressRange) -> VMAEntry? {
    let first = index.search(range.start)
    guard !first.isNone, first.start <= range.start else { return nil }
    let attributes = self.attributes(of: first)
    guard attributes.flags.contains(.shared), attributes.file != .none else { return nil }
    if !profile.follows(.nonLinearIsEmulated) {
      return range.end <= first.end && !attributes.flags.contains(.hugeTLB) ? first : nil
    }
    return isOneMapping(range, like: attributes, from: first) ? first : nil
  }

  private borrowing func isOneMapping(
    _ range: AddressRange, like attributes: MergeAttributes, from first: VMAEntry
  ) -> Bool {
    var entry = first
    var position = range.start
    while position < range.end {
      if entry.isNone || position < entry.start { return false }
      let here = self.attributes(of: entry)
      if here.file != attributes.file || here.flags != attributes.flags { return false }
      position = entry.end
      entry = index.next(entry)
    }
    return true
  }
}
