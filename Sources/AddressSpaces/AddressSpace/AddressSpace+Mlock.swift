public import SyscallABI
public import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// Locks memory and faults it in.
  ///
  /// - Parameters:
  ///   - address: rounded down to a page.
  ///   - length: in bytes; the end is rounded up.
  ///   - onFault: MLOCK_ONFAULT: lock pages as they come, fault none in.
  ///   - leniently: the call is known to have succeeded: holes are passed over.
  /// - Throws: `noMemory` (a hole: what lies below is locked; a page that cannot be touched: all of
  ///   it stays locked; RLIMIT_MEMLOCK or the limit of VMAs), `invalidArgument` (the range wraps),
  ///   `notPermitted` (RLIMIT_MEMLOCK is 0).
  /// - Complexity: O(log *n* + VMAs in the range).
  ///
  /// Linux: `do_mlock`, `apply_vma_lock_flags`, `mlock_fixup`.
  public mutating func mlock(
    _ address: Address, length: UInt64, onFault: Bool = false, leniently: Bool = false
  ) throws(Errno) {
    if onFault && !profile.knows(.lockOnFault) {
      return passOverUnknown()
    }
    if !leniently && limits.memLock == 0 { throw .notPermitted }
    let checked = Self.lockRange(address, length)
    if let errno = checked.errno { throw errno }
    guard let range = checked.range else { return }
    if !leniently && exceedsLockLimit(range) { throw .noMemory }
    let flags: VMAFlags = onFault ? [.locked, .lockOnFault] : .locked
    var failure = walk(range, holes: .stops, leniently: leniently) { attributes, _ in
      Self.lockStep(attributes, flags)
    }
    if failure == nil && populate(range, ignoringErrors: leniently) != nil { failure = .noMemory }
    finish(around: range.start)
    if let failure { throw failure }
  }

  /// Unlocks memory.
  ///
  /// - Throws: `noMemory` at a hole (what lies below is unlocked), `invalidArgument`.
  ///
  /// Linux: `munlock`.
  public mutating func munlock(
    _ address: Address, length: UInt64, leniently: Bool = false
  ) throws(Errno) {
    let checked = Self.lockRange(address, length)
    if let errno = checked.errno { throw errno }
    guard let range = checked.range else { return }
    let failure = walk(range, holes: .stops, leniently: leniently) { attributes, _ in
      Self.lockStep(attributes, [])
    }
    finish(around: range.start)
    if let failure { throw failure }
  }

  /// Locks all that is mapped, all that will be, or both.
  ///
  /// - Throws: `invalidArgument` for flags without a meaning, `noMemory` for RLIMIT_MEMLOCK.
  ///
  /// Linux: `apply_mlockall_flags`.
  public mutating func mlockall(_ flags: LockAllFlags, leniently: Bool = false) throws(Errno) {
    if let errno = Self.lockAllFlagsError(flags) { throw errno }
    if flags.contains(.onFault) && !profile.knows(.lockOnFault) {
      return passOverUnknown()
    }
    if !leniently, let errno = lockAllLimitError(flags) { throw errno }
    let lockFlags: VMAFlags = flags.contains(.onFault) ? [.locked, .lockOnFault] : .locked
    defaultFlags.subtract([.locked, .lockOnFault])
    if flags.contains(.future) { defaultFlags.formUnion(lockFlags) }
    guard flags.contains(.current) else { return }
    relockAll(lockFlags)
    populate(AddressRange(.zero, taskSize), ignoringErrors: true)
    finish(around: .zero)
  }

  /// The error with which mlockall would fail; nil if it would succeed. Nothing is changed.
  public borrowing func predictMlockall(_ flags: LockAllFlags) -> Errno? {
    if let errno = Self.lockAllFlagsError(flags) { return errno }
    if flags.contains(.onFault) && !profile.knows(.lockOnFault) { return nil }
    return lockAllLimitError(flags)
  }

  private static func lockAllFlagsError(_ flags: LockAllFlags) -> Errno? {
    let known = LockAllFlags.current | .future | .onFault
    let isWrong = flags.rawValue == 0 || !known.contains(flags) || flags == .onFault
    return isWrong ? .invalidArgument : nil
  }

  private borrowing func lockAllLimitError(_ flags: LockAllFlags) -> Errno? {
    if limits.memLock == 0 { return .notPermitted }
    guard flags.contains(.current), limits.memLock != ResourceLimit.infinity else { return nil }
    return totalVM > limits.memLock >> Page.shift ? .noMemory : nil
  }

  /// Unlocks all that is mapped, and what will be.
  ///
  /// Linux: `munlockall`.
  public mutating func munlockall() {
    defaultFlags.subtract([.locked, .lockOnFault])
    relockAll([])
    finish(around: .zero)
  }

  /// The error with which mlock would fail; nil if it would succeed. Nothing is changed.
  public borrowing func predictMlock(
    _ address: Address, length: UInt64, onFault: Bool = false
  ) -> Errno? {
    if onFault && !profile.knows(.lockOnFault) { return nil }
    if limits.memLock == 0 { return .notPermitted }
    let checked = Self.lockRange(address, length)
    if let errno = checked.errno { return errno }
    guard let range = checked.range else { return nil }
    if exceedsLockLimit(range) { return .noMemory }
    let flags: VMAFlags = onFault ? [.locked, .lockOnFault] : .locked
    let errno = predictWalk(range, holes: .stops) { attributes, _ in
      Self.lockStep(attributes, flags)
    }
    if errno != nil || onFault { return errno }
    var entry = index.search(range.start)
    while !entry.isNone && entry.start < range.end {
      let attributes = attributes(of: entry)
      let isPassedOver =
        !attributes.flags.isDisjoint(with: [.io, .pfnMap])
        || (attributes.flags.contains(.lockOnFault) && Self.isNeverLocked(attributes))
      if !isPassedOver && !attributes.takesPrivateWrites && populateError(attributes) != nil {
        return .noMemory
      }
      entry = index.next(entry)
    }
    return nil
  }

  /// The error with which munlock would fail; nil if it would succeed. Nothing is changed.
  public borrowing func predictMunlock(_ address: Address, length: UInt64) -> Errno? {
    let checked = Self.lockRange(address, length)
    if let errno = checked.errno { return errno }
    guard let range = checked.range else { return nil }
    return predictWalk(range, holes: .stops) { attributes, _ in
      Self.lockStep(attributes, [])
    }
  }

  private static func lockRange(
    _ address: Address, _ length: UInt64
  ) -> (range: AddressRange?, errno: Errno?) {
    let start = address.roundedDownToPage
    let size = (length &+ (address &- start) &+ Page.mask) & ~Page.mask
    let end = start &+ size
    if end < start { return (nil, .invalidArgument) }
    return (end == start ? nil : AddressRange(start, end), nil)
  }

  private borrowing func exceedsLockLimit(_ range: AddressRange) -> Bool {
    guard limits.memLock != ResourceLimit.infinity else { return false }
    var pages = lockedVM + range.lengthInPages
    var entry = index.search(range.start)
    while !entry.isNone && entry.start < range.end {
      if attributes(of: entry).flags.contains(.locked),
        let part = entry.range.intersection(range)
      {
        pages -= part.lengthInPages
      }
      entry = index.next(entry)
    }
    return pages > limits.memLock >> Page.shift
  }

  private static func isNeverLocked(_ attributes: MergeAttributes) -> Bool {
    let never: VMAFlags = .special.union([.hugeTLB, .droppable])
    return !attributes.flags.isDisjoint(with: never)
  }

  private static func lockStep(_ attributes: MergeAttributes, _ flags: VMAFlags) -> WalkStep {
    var changed = attributes
    changed.flags = changed.flags.subtracting([.locked, .lockOnFault]).union(flags)
    return changed == attributes || isNeverLocked(attributes) ? .keep : .change(changed)
  }

  /// Each VMA by itself; one that cannot be changed is left.
  private mutating func relockAll(_ flags: VMAFlags) {
    _ = walk(AddressRange(.zero, taskSize), holes: .ignored, leniently: true) { attributes, _ in
      Self.lockStep(attributes, flags)
    }
  }
}
