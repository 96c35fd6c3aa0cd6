import SyscallABI
import SystemPackage

// mremap to a target, in the order in which kernels before 6.17 ask and act: the target is unmapped
// first, then the tail, and only then is the VMA looked at.

extension AddressSpace where Index: ~Copyable {
  /// Linux: `do_mremap` (2.6.32), `mremap_to` (2.6.33 to 6.16).
  mutating func remapInOldOrder(_ request: inout RemapRequest) throws(Errno) {
    if let errno = lookUpFirstError(request) {
      if isTraced { noteFailedRemap(errno) }
      throw errno
    }
    if request.flags.contains(.fixed) {
      try doMunmap(request.targetRange, leniently: false)
      noteHole(request.targetRange)
    }
    if request.newSize < request.oldSize { try shrink(request, leniently: false) }
    request.oldSize = min(request.oldSize, request.newSize)
    if let errno = remapError(request) {
      if isTraced { noteFailedRemap(errno) }
      throw errno
    }
    try moveVMA(request, leniently: false)
  }

  borrowing func predictInOldOrder(_ request: RemapRequest) -> Errno? {
    if let errno = lookUpFirstError(request) { return errno }
    if isNearLimits { return tryOut(request) }
    if request.flags.contains(.fixed) {
      if let failure = munmapFailure(request.targetRange) { return failure.errno }
      // With an old size of 0 the target may hold the source itself.
      if request.targetRange.contains(request.address) { return .badAddress }
    }
    var rest = request
    if request.newSize < request.oldSize {
      if !tailIsRange(request) { return .invalidArgument }
      let tail = AddressRange(
        request.address &+ request.newSize, request.address &+ request.oldSize)
      if let failure = munmapFailure(tail) { return failure.errno }
      rest.oldSize = request.newSize
    }
    return remapError(rest)
  }

  /// Since 5.16 the VMA is found before anything is unmapped, but not looked at closely.
  ///
  /// Linux: `vma_lookup` in `do_mremap`.
  private borrowing func lookUpFirstError(_ request: RemapRequest) -> Errno? {
    guard profile.follows(.remapLooksUpFirst) else { return nil }
    let entry = index.search(request.address)
    return entry.isNone || request.address < entry.start ? .badAddress : nil
  }

  /// What was unmapped before a limit is asked for may decide.
  private var isNearLimits: Bool {
    mapCount + 8 >= limits.maxMapCount || limits.addressSpace != ResourceLimit.infinity
      || limits.memLock != ResourceLimit.infinity || limits.data != ResourceLimit.infinity
      || limits.overcommit == .never
  }

  /// - Complexity: O(*n*).
  private borrowing func tryOut(_ request: RemapRequest) -> Errno? {
    var copy = self.copy()
    var request = request
    do throws(Errno) {
      try copy.remapInOldOrder(&request)
    } catch {
      return error
    }
    return nil
  }
}
