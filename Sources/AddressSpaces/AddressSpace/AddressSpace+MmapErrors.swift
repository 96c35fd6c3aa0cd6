public import SyscallABI
public import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// The error with which mmap would fail; nil if it would succeed. Nothing is changed.
  ///
  /// - Parameters:
  ///   - address: the address asked for (which matters with MAP_FIXED and MAP_FIXED_NOREPLACE).
  ///   - hasFile: the call maps a file.
  /// - Returns: `invalidArgument` (alignment, length 0, MAP_GROWSDOWN on what is not private
  ///   anonymous memory, a cut through a kernel mapping), `fileExists` (MAP_FIXED_NOREPLACE),
  ///   `permissionDenied` (a shared writable mapping of a descriptor opened for reading),
  ///   `noMemory` (limits), `notPermitted` (over sealed memory).
  ///
  /// Linux: `do_mmap`, `may_expand_vm`, `vms_gather_munmap_vmas`.
  public borrowing func predictMmap(
    at address: Address, length: UInt64, prot: Protection, flags: MapFlags, hasFile: Bool,
    fileIsWritable: Bool? = nil, offset: UInt64 = 0
  ) -> Errno? {
    let errno = mmapError(
      at: address, length: length, prot: prot, flags: flags, hasFile: hasFile,
      fileIsWritable: fileIsWritable, offset: offset)
    if errno != nil { return errno }
    let size = Self.mappedLength(length, flags)
    let start = address.roundedDownToPage
    var freed = VMCounters()
    if flags.contains(.fixed) {
      let range = AddressRange(start, start &+ size)
      if let failure = munmapFailure(range) { return failure.errno }
      if !profile.follows(.limitsBeforeUnmapping) { freed = counters(in: range) }
    }
    let attributes = newAttributes(
      at: start, prot: prot, flags: flags, file: .none, fileIsWritable: fileIsWritable,
      offset: offset)
    return lateLimitError(size >> Page.shift, attributes.flags, freed: freed)
  }

  /// The errors that come before anything is touched.
  borrowing func mmapError(
    at address: Address, length: UInt64, prot: Protection, flags: MapFlags, hasFile: Bool,
    fileIsWritable: Bool?, offset: UInt64
  ) -> Errno? {
    if offset & Page.mask != 0 { return .invalidArgument }
    if length == 0 { return .invalidArgument }
    let size = Self.mappedLength(length, flags)
    if size == 0 || size > taskSize.rawValue { return .noMemory }
    if (offset >> Page.shift).addingReportingOverflow(size >> Page.shift).overflow {
      return .overflow
    }
    if mapCount > limits.maxMapCount { return .noMemory }
    let noReplace = flags.contains(.fixedNoReplace) && profile.knows(.fixedNoReplace)
    let isFixed = flags.contains(.fixed) || noReplace
    if isFixed {
      if address > taskSize || address &+ size > taskSize { return .noMemory }
      if !address.isPageAligned { return .invalidArgument }
    }
    let start = address.roundedDownToPage
    let range = AddressRange(start, start &+ size < start ? start : start &+ size)
    if noReplace && isMapped(anyOf: range) { return .fileExists }
    if let errno = Self.typeError(prot, flags, hasFile, fileIsWritable) { return errno }
    return limitError(prot, flags, range, pages: size >> Page.shift)
  }

  private static func typeError(
    _ prot: Protection, _ flags: MapFlags, _ hasFile: Bool, _ fileIsWritable: Bool?
  ) -> Errno? {
    let growsDown = flags.contains(.growsDown)
    switch flags.type {
    case MapFlags.shared.type, MapFlags.sharedValidate.type:
      if flags.type == MapFlags.sharedValidate.type && !hasFile { return .invalidArgument }
      if hasFile && fileIsWritable == false && prot.contains(.write) { return .permissionDenied }
      return growsDown ? .invalidArgument : nil
    case MapFlags.private.type: return hasFile && growsDown ? .invalidArgument : nil
    case MapFlags.droppable.type:
      return hasFile || growsDown || flags.contains(.locked) ? .invalidArgument : nil
    default: return .invalidArgument
    }
  }

  private borrowing func limitError(
    _ prot: Protection, _ flags: MapFlags, _ range: AddressRange, pages: UInt64
  ) -> Errno? {
    let isData = prot.contains(.write) && !flags.isShared && !flags.contains(.growsDown)
    if profile.follows(.limitsBeforeUnmapping), mayNotExpand(pages, isData: isData) {
      // What the mapping replaces makes room for it, of whichever kind it is.
      let replaced = flags.contains(.fixed) ? counters(in: range).total : 0
      if replaced == 0 || mayNotExpand(pages - replaced, isData: isData) { return .noMemory }
    }
    if flags.contains(.locked) && limits.memLock == 0 { return .notPermitted }
    if flags.contains(.locked) || defaultFlags.contains(.locked) {
      if mlockExceedsLimit(pages) { return .resourceTemporarilyUnavailable }
    }
    return nil
  }

  /// Linux: `may_expand_vm`.
  @inline(__always)
  private borrowing func mayNotExpand(_ pages: UInt64, isData: Bool) -> Bool {
    exceedsAddressSpaceLimit(pages) || isData && exceedsDataPages(pages)
  }

  /// What 2.6 asks only after the range is cleared: a refusal of MAP_FIXED leaves a hole.
  ///
  /// - Parameter freed: what is still mapped in the range.
  ///
  /// Linux: the checks after `munmap_back` in `mmap_region` (2.6).
  borrowing func lateLimitError(
    _ pages: UInt64, _ flags: VMAFlags, freed: VMCounters = VMCounters()
  ) -> Errno? {
    if profile.follows(.limitsBeforeUnmapping) { return nil }
    if exceedsAddressSpaceLimit(pages, freed: freed.total) { return .noMemory }
    return flags.contains(.account) && !hasEnoughMemory(pages, freed: freed) ? .noMemory : nil
  }

  /// The pages that are mapped in `range`, by kind.
  borrowing func counters(in range: AddressRange) -> VMCounters {
    var counters = VMCounters()
    var entry = index.search(range.start)
    while !entry.isNone && entry.start < range.end {
      if let part = entry.range.intersection(range) {
        counters.add(part.lengthInPages, attributes(of: entry))
      }
      entry = index.next(entry)
    }
    return counters
  }
}
