public import SyscallABI
public import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// Changes what may be done with memory, VMA by VMA; each changed piece may merge.
  ///
  /// - Parameters:
  ///   - length: in bytes; rounded up to pages. 0 succeeds and does nothing.
  ///   - pkey: the protection key of pkey_mprotect, -1 to keep that of each VMA.
  ///   - leniently: the call is known to have succeeded: holes and refusals are passed over.
  /// - Throws: `invalidArgument` (misaligned), `noMemory` (a hole, or the limit of VMAs),
  ///   `permissionDenied` (a mapping that may never be written), `notPermitted` (sealed). What lies
  ///   below the place of the failure is changed.
  /// - Complexity: O(log *n* + VMAs in the range).
  ///
  /// Linux: `do_mprotect_pkey`, `mprotect_fixup`.
  public mutating func mprotect(
    _ address: Address, length: UInt64, prot: Protection, pkey: Int32 = -1,
    leniently: Bool = false
  ) throws(Errno) {
    let checked = mprotectRange(address, length, prot)
    if let errno = checked.errno {
      if isTraced { noteCheck(.arguments, passed: false) }
      throw errno
    }
    guard let range = checked.range else { return }
    if pkey >= 0 && !profile.knows(.protectionKeys) { statistics.unknownToProfile += 1 }
    var failure: Errno?
    var position = range.start
    var entry = find(range.start)
    while position < range.end {
      if entry.isNone || entry.start >= range.end || position < entry.start {
        if isTraced { path.note(.hole(position)) }
        if !leniently {
          failure = .noMemory
          break
        }
        if entry.isNone || entry.start >= range.end { break }
        position = entry.start
      }
      let part = AddressRange(position, min(entry.end, range.end))
      do throws(Errno) {
        entry = try mprotectFixup(entry, part, prot, pkey, leniently: leniently)
      } catch {
        failure = leniently ? nil : error
        if !leniently { break }
      }
      position = max(part.end, min(entry.end, range.end))
      if position < range.end { entry = index.next(entry) }
    }
    finish(around: range.start)
    if let failure { throw failure }
  }

  /// The error with which mprotect would fail; nil if it would succeed. Nothing is changed.
  public borrowing func predictMprotect(
    _ address: Address, length: UInt64, prot: Protection, pkey: Int32 = -1
  ) -> Errno? {
    let checked = mprotectRange(address, length, prot)
    if let errno = checked.errno { return errno }
    guard let range = checked.range else { return nil }
    var count = mapCount
    var position = range.start
    var entry = index.search(range.start)
    while position < range.end {
      if entry.isNone || position < entry.start { return .noMemory }
      let attributes = attributes(of: entry)
      if let errno = mprotectError(attributes, prot) { return errno }
      let part = AddressRange(position, min(entry.end, range.end))
      let before = attributes.flags
      let changed = newFlags(attributes, slab[entry.handle].anonVMA, prot, pkey)
      if becomesTooMuchData(before, changed, part.lengthInPages) { return .noMemory }
      if changed.contains(.account) && !before.contains(.account)
        && !hasEnoughMemory(part.lengthInPages)
      {
        return .noMemory
      }
      if changed != before,
        let errno = cutError(entry, part, attributes, &count)
      {
        return errno
      }
      position = part.end
      if position < range.end { entry = index.next(entry) }
    }
    return nil
  }

  /// Whether changing `part` of a VMA would need a cut that is refused; counts the cuts. A merge
  /// with a neighbour may save the cut: near the limit this errs towards a refusal.
  borrowing func cutError(
    _ entry: VMAEntry, _ part: AddressRange, _ attributes: MergeAttributes, _ count: inout Int
  ) -> Errno? {
    let cuts = (entry.start < part.start ? 1 : 0) + (part.end < entry.end ? 1 : 0)
    if cuts == 0 { return nil }
    if count + cuts - 1 >= limits.maxMapCount { return .noMemory }
    count += cuts
    return cannotBeCut(attributes) ? .invalidArgument : nil
  }

  private borrowing func mprotectRange(
    _ address: Address, _ length: UInt64, _ prot: Protection
  ) -> (range: AddressRange?, errno: Errno?) {
    let growsDown = prot.contains(.growsDown)
    if growsDown && prot.contains(.growsUp) { return (nil, .invalidArgument) }
    if !address.isPageAligned { return (nil, .invalidArgument) }
    if length == 0 { return (nil, nil) }
    let size = Page.align(length) ?? 0
    if address &+ size <= address { return (nil, .noMemory) }
    let known = Protection(rawValue: 0x0300_000f)
    if !known.contains(prot) { return (nil, .invalidArgument) }
    var start = address
    if growsDown {
      // The change reaches down to the start of the stack.
      let first = index.search(address)
      if first.isNone || first.start >= address &+ size { return (nil, .noMemory) }
      if !attributes(of: first).flags.contains(.growsDown) { return (nil, .invalidArgument) }
      start = first.start
    }
    return (AddressRange(start, address &+ size), nil)
  }

  private func mprotectError(_ attributes: MergeAttributes, _ prot: Protection) -> Errno? {
    let denied =
      (prot.contains(.read) && !attributes.flags.contains(.mayRead))
      || (prot.contains(.write) && !attributes.flags.contains(.mayWrite))
      || (prot.contains(.exec) && !attributes.flags.contains(.mayExec))
    if denied { return .permissionDenied }
    return attributes.flags.contains(.sealed) ? .notPermitted : nil
  }

  /// What the flags of a VMA become.
  private func newFlags(
    _ attributes: MergeAttributes, _ anonVMA: AnonVMA, _ prot: Protection, _ pkey: Int32
  ) -> VMAFlags {
    var flags = attributes.flags.subtracting(.access).union(Self.accessFlags(prot))
    if pkey >= 0 && profile.knows(.protectionKeys) {
      flags.subtract(.keyMask)
      flags.formUnion(VMAFlags(rawValue: (UInt64(pkey) & 0xf) << VMAFlags.keyShift))
    }
    if flags == attributes.flags { return flags }
    if flags.contains(.write) {
      // Private memory that becomes writable is charged, and stays so ...
      let exempt: VMAFlags = [.account, .write, .hugeTLB, .shared, .noReserve]
      if attributes.flags.isDisjoint(with: exempt) { flags.insert(.account) }
    } else if attributes.isAnonymous && anonVMA.isNone && profile.follows(.accountDropped) {
      // ... unless it was never written.
      flags.remove(.account)
    }
    return flags
  }

  /// Memory that becomes writable is data from now on, for which there must be room.
  ///
  /// Linux: `may_expand_vm` in `mprotect_fixup`.
  @inline(__always)
  private borrowing func becomesTooMuchData(
    _ before: VMAFlags, _ after: VMAFlags, _ pages: UInt64
  ) -> Bool {
    if limits.data == ResourceLimit.infinity || !after.isData || before.isData { return false }
    return exceedsDataPages(pages) && !exceedsAddressSpaceLimit(pages)
  }

  /// Linux: `mprotect_fixup`.
  private mutating func mprotectFixup(
    _ entry: VMAEntry, _ part: AddressRange, _ prot: Protection, _ pkey: Int32, leniently: Bool
  ) throws(Errno) -> VMAEntry {
    if isTraced { path.enter(.mprotectFixup, part) }
    defer { if isTraced { path.leave() } }
    let record = slab[entry.handle]
    let attributes = self.attributes[record.attributes]
    if let errno = mprotectError(attributes, prot) {
      if isTraced { noteFailure(errno) }
      throw errno
    }
    let old = attributes.flags
    let flags = newFlags(attributes, record.anonVMA, prot, pkey)
    if flags == old {
      if isTraced { path.note(.unchanged(vma(entry))) }
      return entry
    }
    let isCharged = !old.contains(.account) && flags.contains(.account)
    if !leniently && becomesTooMuchData(old, flags, part.lengthInPages) {
      throw .noMemory
    }
    if isCharged && !leniently && !hasEnoughMemory(part.lengthInPages) { throw .noMemory }
    let id = self.attributes.intern(record.attributes, withFlags: flags)
    let changed = try vmaModify(entry, part, id, leniently: leniently)
    // Locked private memory that becomes writable is copied at once.
    if old.intersection([.write, .shared, .locked]) == .locked
      && flags.contains(.write)
    {
      populate(part, ignoringErrors: true)
    }
    return changed
  }
}
