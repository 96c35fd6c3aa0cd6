public import SyscallABI
public import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// Maps memory at the address that the call returned.
  ///
  /// With MAP_FIXED, what is mapped there is replaced. Without it, live VMAs in the way mean that
  /// the recording and the model disagree: they are replaced too, and the return value says how
  /// many bytes they were.
  ///
  /// - Parameters:
  ///   - address: the result of the call.
  ///   - length: in bytes; rounded up to pages.
  ///   - file: the open file description. A shared anonymous mapping needs one of its own;
  ///     `.none` for private anonymous memory.
  ///   - fileIsWritable: whether the descriptor was opened for writing; nil if unknown, which is
  ///     taken as writable exactly if `prot` is.
  ///   - offset: in bytes into the file.
  ///   - leniently: the call is known to have succeeded, so nothing is refused.
  /// - Returns: the bytes of live VMAs that a mapping without MAP_FIXED replaced.
  /// - Throws: as `predictMmap` says.
  /// - Complexity: O(log *n* + VMAs replaced).
  ///
  /// Linux: `do_mmap`, `mmap_region`.
  @discardableResult
  public mutating func mmap(
    at address: Address, length: UInt64, prot: Protection, flags: MapFlags,
    file: FileDescriptionID = .none, fileIsWritable: Bool? = nil, offset: UInt64 = 0,
    leniently: Bool = false
  ) throws(Errno) -> UInt64 {
    if isTraced { path.enter(.doMmap) }
    defer { if isTraced { path.leave() } }
    if !leniently,
      let errno = mmapError(
        at: address, length: length, prot: prot, flags: flags,
        hasFile: !flags.contains(.anonymous), fileIsWritable: fileIsWritable, offset: offset)
    {
      if isTraced { noteFailedMmap(length, errno) }
      throw errno
    }
    if isTraced { noteMapCount(limits.maxMapCount) }
    let start = address.roundedDownToPage
    let size = Self.mappedLength(length, flags)
    if size == 0 || start &+ size < start { throw .invalidArgument }
    let kind: MappingKinds.Kind
    if let known = knownKind(prot, flags) {
      kind = known
      attributes.retain(kind.id)
    } else {
      let new = newAttributes(
        at: start, prot: prot, flags: flags, file: file, fileIsWritable: fileIsWritable,
        offset: offset)
      kind = MappingKinds.Kind(flags: new.flags, id: attributes.intern(new))
      noteKind(kind, prot, flags)
    }
    if !profile.knows(flags) { statistics.unknownToProfile += 1 }
    let replaces = flags.contains(.fixed)
    return try mmapRegion(
      AddressRange(start, start &+ size), kind.flags, kind.id, replaces: replaces,
      populates: flags.contains(.populate) && !flags.contains(.nonBlock), leniently: leniently)
  }

  /// Removes what is in the way, then merges the new range with its neighbours or adds a VMA.
  /// Takes over the caller's reference to `id`, whose flags are `flags`.
  ///
  /// Linux: `mmap_region`.
  mutating func mmapRegion(
    _ range: AddressRange, _ flags: VMAFlags, _ id: MergeID, replaces: Bool, populates: Bool,
    leniently: Bool
  ) throws(Errno) -> UInt64 {
    if isTraced {
      path.enter(.mmapRegion, range)
      noteFree(.findVMAPrepare, range)
    }
    defer { if isTraced { path.leave() } }
    var around = neighbours(of: range.start)
    slab.prefetch(around)
    var overlapped: UInt64 = 0
    if around.next.start < range.end {
      if !replaces { overlapped = mappedBytes(in: range, from: around.next) }
      do throws(Errno) {
        try doMunmap(range, leniently: leniently || !replaces)
      } catch {
        attributes.release(id)
        finish(around: range.start)
        throw error
      }
      around = index.findPrepare(range.start)
    }
    if isTraced {
      noteLimits(
        range.lengthInPages, charged: flags.contains(.account), isData: flags.isData)
    }
    if !leniently, let errno = lateLimitError(range.lengthInPages, flags) {
      attributes.release(id)
      finish(around: range.start)
      if isTraced { noteFailure(errno) }
      throw errno
    }
    if let merged = vmaMergeNew(range, id, between: around) {
      attributes.release(id)
      memo.mapped = merged
      memo.isNew = false
    } else {
      memo.mapped = vmaLink(range, id, .none, between: around)
      memo.around = around
      memo.isNew = true
    }
    if populates || flags.contains(.locked) { populate(range, ignoringErrors: true) }
    finish(around: range.start)
    return overlapped
  }

  private borrowing func mappedBytes(in range: AddressRange, from first: VMAEntry) -> UInt64 {
    var bytes: UInt64 = 0
    var entry = first
    while !entry.isNone && entry.start < range.end {
      bytes += entry.range.intersection(range)?.length ?? 0
      entry = index.next(entry)
    }
    return bytes
  }

  /// `length` in bytes rounded up to pages, or to huge pages; 0 if that exceeds 64 bits.
  static func mappedLength(_ length: UInt64, _ flags: MapFlags) -> UInt64 {
    guard flags.contains(.hugeTLB) else { return Page.align(length) ?? 0 }
    let shift = (flags.rawValue & MapFlags.hugeMask) >> MapFlags.hugeShift
    let mask = (1 << (shift == 0 ? 21 : shift)) as UInt64 - 1
    let (sum, overflow) = length.addingReportingOverflow(mask)
    return overflow ? 0 : sum & ~mask
  }

  /// What a new mapping is.
  ///
  /// Linux: `calc_vm_prot_bits`, `calc_vm_flag_bits`, the flag part of `do_mmap`,
  /// `accountable_mapping`.
  borrowing func newAttributes(
    at start: Address, prot: Protection, flags: MapFlags, file: FileDescriptionID,
    fileIsWritable: Bool?, offset: UInt64
  ) -> MergeAttributes {
    var vmFlags: VMAFlags = [.mayRead, .mayWrite, .mayExec]
    vmFlags.formUnion(defaultFlags)
    vmFlags.formUnion(Self.accessFlags(prot))
    if flags.contains(.growsDown) { vmFlags.insert(.growsDown) }
    if flags.contains(.locked) { vmFlags.insert(.locked) }
    if flags.contains(.sync) && flags.type == MapFlags.sharedValidate.type && profile.knows(flags) {
      vmFlags.insert(.sync)
    }
    if flags.contains(.stack) && profile.follows(.stackIsNoHugePage) {
      vmFlags.insert(.noHugePage)
    }
    let isAnonymous = flags.contains(.anonymous)
    if flags.isShared {
      vmFlags.formUnion([.shared, .mayShare])
      if !isAnonymous && !(fileIsWritable ?? prot.contains(.write)) {
        vmFlags.subtract([.shared, .mayWrite])
      }
    } else if flags.type == MapFlags.droppable.type && profile.knows(.droppable) {
      vmFlags.formUnion([.droppable, .noReserve, .wipeOnFork, .dontDump])
    }
    if flags.contains(.noReserve) && limits.overcommit != .never
      && profile.follows(.noReserveFlag)
    {
      vmFlags.insert(.noReserve)
    }
    if flags.contains(.hugeTLB) {
      vmFlags.formUnion([.hugeTLB, .dontExpand])
    } else if vmFlags.intersection([.noReserve, .shared, .write]) == .write,
      !flags.contains(.noReserve) || profile.follows(.noReserveFlag)
    {
      vmFlags.insert(.account)
    }
    let isPrivateAnonymous = isAnonymous && !flags.isShared
    let pageOffset = PageOffset(isAnonymous ? 0 : offset >> Page.shift)
    return MergeAttributes(
      flags: vmFlags, file: isPrivateAnonymous && !flags.contains(.hugeTLB) ? .none : file,
      linear: isPrivateAnonymous ? 0 : MergeAttributes.linear(offset: pageOffset, at: start))
  }

  static func accessFlags(_ prot: Protection) -> VMAFlags {
    var flags: VMAFlags = []
    if prot.contains(.read) { flags.insert(.read) }
    if prot.contains(.write) { flags.insert(.write) }
    if prot.contains(.exec) { flags.insert(.exec) }
    return flags
  }
}
