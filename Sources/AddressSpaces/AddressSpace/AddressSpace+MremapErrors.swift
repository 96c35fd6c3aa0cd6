public import SyscallABI
public import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// The error with which mremap would fail; nil if it would succeed. Nothing is changed.
  ///
  /// Where the kernel would look for a free range, one is taken to exist.
  public borrowing func predictMremap(
    _ address: Address, oldSize: UInt64, newSize: UInt64, flags: RemapFlags,
    newAddress: Address? = nil
  ) -> Errno? {
    let request = RemapRequest(
      address: address, oldSize: Page.align(oldSize) ?? 0, newSize: Page.align(newSize) ?? 0,
      flags: flags, target: newAddress ?? address)
    if flags.contains(.dontUnmap) && !flags.contains(.fixed) {
      // The hint is not in the log: only what does not depend on it can be told.
      if request.newSize == 0 || !flags.contains(.mayMove) || oldSize != newSize {
        return .invalidArgument
      }
      return remapError(request)
    }
    if let errno = remapParameterError(request) { return errno }
    if request.onlyMoves && profile.follows(.multiVMARemap) { return predictSeveral(request) }
    if request.impliesTarget && !profile.follows(.remapChecksFirst) {
      return predictInOldOrder(request)
    }
    if let errno = remapError(request) { return errno }
    if flags.contains(.fixed) {
      if let failure = munmapFailure(request.targetRange) { return failure.errno }
      // With an old size of 0 the target may hold the source itself, which is unmapped first.
      if request.targetRange.contains(address) { return .badAddress }
    }
    if request.newSize < request.oldSize {
      if !tailIsRange(request) { return .invalidArgument }
      let tail = AddressRange(address &+ request.newSize, address &+ request.oldSize)
      return munmapFailure(tail)?.errno
    }
    if request.newSize > request.oldSize && !flags.contains(.fixed) {
      if canGrowInPlace(index.search(address), request) { return nil }
      let moves = flags.contains(.mayMove) && request.newSize <= taskSize.rawValue
      return moves && mapCount < limits.maxMapCount - 3 ? nil : .noMemory
    }
    return nil
  }

  /// What is cut off lies below the end of what can be mapped.
  ///
  /// Linux: `do_munmap`, `do_vmi_munmap`.
  func tailIsRange(_ request: RemapRequest) -> Bool {
    let end = request.address &+ request.oldSize
    return end <= taskSize && end >= request.address
  }

  private borrowing func predictSeveral(_ request: RemapRequest) -> Errno? {
    let source = AddressRange(request.address, request.address &+ request.oldSize)
    var entry = index.search(source.start)
    if entry.isNone || entry.start > source.start { return .badAddress }
    while !entry.isNone && entry.start < source.end {
      let start = max(entry.start, source.start)
      let size = min(entry.end, source.end) &- start
      let part = RemapRequest(
        address: start, oldSize: size, newSize: size, flags: request.flags,
        target: request.target &+ (start &- source.start))
      if let errno = severalError(entry, part, source) ?? remapError(part) { return errno }
      if let failure = munmapFailure(part.targetRange) { return failure.errno }
      entry = index.next(entry)
    }
    return nil
  }

  /// A VMA whose address the kernel lets somebody else choose moves only alone.
  ///
  /// Linux: `vma_multi_allowed`.
  borrowing func severalError(
    _ entry: VMAEntry, _ part: RemapRequest, _ source: AddressRange
  ) -> Errno? {
    let attributes = attributes(of: entry)
    if !attributes.hasCloseHook && attributes.userfault == .none { return nil }
    let isAlone = part.address == source.start && entry.end >= source.end
    return isAlone ? nil : .badAddress
  }

  /// What is wrong with the arguments alone.
  ///
  /// Linux: `check_mremap_params`; before 6.17, `do_mremap` and `mremap_to`.
  borrowing func remapParameterError(_ request: RemapRequest) -> Errno? {
    let flags = request.flags
    let known = RemapFlags.mayMove | .fixed | .dontUnmap
    if !known.contains(flags) || !request.address.isPageAligned { return .invalidArgument }
    if request.newSize == 0 { return .invalidArgument }
    if request.newSize > taskSize.rawValue {
      // Before, a range that stays is found too large by what it would take.
      if request.impliesTarget || profile.follows(.remapChecksFirst) { return .invalidArgument }
    }
    if !request.impliesTarget { return nil }
    if request.target > taskSize &- request.newSize || !request.target.isPageAligned {
      return .invalidArgument
    }
    if !flags.contains(.mayMove) { return .invalidArgument }
    if flags.contains(.dontUnmap) && request.oldSize != request.newSize {
      return .invalidArgument
    }
    let sourceEnd = request.address &+ request.oldSize
    if sourceEnd > request.target && request.target &+ request.newSize > request.address {
      return .invalidArgument
    }
    if request.target == request.address && !profile.follows(.emptyRemapOverlapsNothing) {
      return .invalidArgument
    }
    let needsReserve = profile.follows(.fixedRemapNeedsReserve)
    return needsReserve && mapCount + 2 >= limits.maxMapCount - 3 ? .noMemory : nil
  }

  /// What is wrong with the VMA at the old address.
  ///
  /// Linux: `check_prep_vma`.
  borrowing func remapError(_ request: RemapRequest) -> Errno? {
    let staysInPlace = !request.impliesTarget && request.newSize <= request.oldSize
    if staysInPlace && !profile.follows(.remapLooksUpFirst) { return nil }
    let entry = index.search(request.address)
    if entry.isNone || request.address < entry.start { return .badAddress }
    let flags = attributes(of: entry).flags
    if flags.contains(.sealed) { return .notPermitted }
    let grows = request.newSize > request.oldSize
    if !grows && !request.impliesTarget { return nil }
    if flags.contains(.hugeTLB) && !profile.follows(.remapMovesHugePages) {
      return .invalidArgument
    }
    let isFixedInSize = !flags.isDisjoint(with: [.dontExpand, .pfnMap])
    if request.oldSize == 0 && flags.isDisjoint(with: [.shared, .mayShare])
      && profile.follows(.remapRefusesPrivateCopies)
    {
      return .invalidArgument
    }
    if request.flags.contains(.dontUnmap) && isFixedInSize { return .invalidArgument }
    // A tail that is cut off first may reach further.
    let remaining = min(request.oldSize, request.newSize)
    if remaining > entry.end &- request.address { return .badAddress }
    if request.newSize == request.oldSize && !profile.asksLimitsOfEqualSizes { return nil }
    if isFixedInSize && request.newSize != request.oldSize { return .badAddress }
    if request.newSize < request.oldSize { return nil }
    let pages = (request.newSize &- request.oldSize) >> Page.shift
    if flags.contains(.locked) && mlockExceedsLimit(pages) {
      return .resourceTemporarilyUnavailable
    }
    if exceedsAddressSpaceLimit(pages) { return .noMemory }
    if flags.isData && exceedsDataPages(pages) { return .noMemory }
    if !flags.contains(.account) || hasEnoughMemory(pages) { return nil }
    return refusedCharge(isLocked: flags.contains(.locked))
  }

  /// 2.6.32 returns the error that it had at hand.
  private func refusedCharge(isLocked: Bool) -> Errno {
    if profile.follows(.refusedChargeIsNoMemory) { return .noMemory }
    let isLeftover = isLocked && profile.version < KernelVersion(2, 6, 33)
    return isLeftover ? .resourceTemporarilyUnavailable : .badAddress
  }

  /// The range ends with its VMA, and what it grows into is free.
  ///
  /// Linux: `vma_expandable`.
  borrowing func canGrowInPlace(_ entry: VMAEntry, _ request: RemapRequest) -> Bool {
    guard entry.end == request.address &+ request.oldSize else { return false }
    let end = request.address &+ request.newSize
    guard end > entry.end && end <= taskSize else { return false }
    return !isMapped(anyOf: AddressRange(entry.end, end))
  }
}
