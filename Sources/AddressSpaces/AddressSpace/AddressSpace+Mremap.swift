public import SyscallABI
public import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// Grows, shrinks, moves or duplicates mapped memory.
  ///
  /// - Parameters:
  ///   - address: of the old range, page-aligned.
  ///   - oldSize: in bytes; rounded up to pages. 0 duplicates a shared mapping.
  ///   - newSize: in bytes; rounded up to pages.
  ///   - newAddress: the target asked for with MREMAP_FIXED, the hint with MREMAP_DONTUNMAP.
  ///   - result: the address that the call returned: it says whether a growing range moved, and
  ///     where a range without a fixed target went.
  ///   - leniently: the call is known to have succeeded, so nothing is refused but nonsense.
  /// - Throws: `invalidArgument` (flags, alignment, new size 0, overlap, a resize with
  ///   MREMAP_DONTUNMAP), `badAddress` (nothing mapped, or the old range passes the end of its
  ///   VMA; before 4.1 also memory that cannot be charged), `noMemory` (no room to grow, limits),
  ///   `notPermitted` (sealed), `resourceTemporarilyUnavailable` (RLIMIT_MEMLOCK). With several
  ///   VMAs, those below the one that fails have moved; with MREMAP_FIXED the target may be
  ///   unmapped, before 6.17 by every refusal but that of the arguments.
  /// - Complexity: O(log *n* + VMAs in both ranges).
  ///
  /// Linux: `do_mremap` (6.17).
  public mutating func mremap(
    _ address: Address, oldSize: UInt64, newSize: UInt64, flags: RemapFlags,
    newAddress: Address? = nil, result: Address, leniently: Bool = false
  ) throws(Errno) {
    var request = RemapRequest(
      address: address, oldSize: Page.align(oldSize) ?? 0, newSize: Page.align(newSize) ?? 0,
      flags: flags, target: newAddress ?? result)
    if let errno = remapParameterError(request), !leniently || errno != .noMemory {
      if isTraced { noteFailedRemap(errno) }
      throw errno
    }
    if !flags.contains(.fixed) { request.target = result }
    if flags.contains(.dontUnmap) && !profile.knows(.dontUnmap) { statistics.unknownToProfile += 1 }
    var failure: Errno?
    do throws(Errno) {
      if movesSeveral(request, leniently: leniently) {
        try remapSeveral(request, leniently: leniently)
      } else {
        try remapOne(&request, leniently: leniently)
      }
    } catch {
      failure = error
    }
    finish(around: address)
    if let failure { throw failure }
  }

  /// Whether the range moves VMA by VMA. A kernel that cannot do so is believed if it did.
  private mutating func movesSeveral(_ request: RemapRequest, leniently: Bool) -> Bool {
    if !request.onlyMoves || profile.follows(.multiVMARemap) { return request.onlyMoves }
    let entry = index.search(request.address)
    let fits = entry.start <= request.address && request.oldSize <= entry.end &- request.address
    if fits || !leniently { return false }
    statistics.unknownToProfile += 1
    return true
  }

  /// Each VMA in the old range moves by itself; gaps keep their width.
  ///
  /// Linux: `remap_move` (6.17).
  private mutating func remapSeveral(
    _ request: RemapRequest, leniently: Bool
  ) throws(Errno) {
    let source = AddressRange(request.address, request.address &+ request.oldSize)
    var position = source.start
    var isFirst = true
    while true {
      let entry = index.find(position)
      if entry.isNone || entry.start >= source.end {
        if isFirst && !leniently { throw .badAddress }
        return
      }
      if isFirst && entry.start > source.start && !leniently { throw .badAddress }
      let start = max(entry.start, position)
      let size = min(entry.end, source.end) &- start
      var part = RemapRequest(
        address: start, oldSize: size, newSize: size, flags: request.flags,
        target: request.target &+ (start &- source.start))
      if !leniently, let errno = severalError(entry, part, source) { throw errno }
      try remapOne(&part, leniently: leniently)
      isFirst = false
      position = start &+ size
      if position >= source.end { return }
    }
  }

  /// Linux: `check_prep_vma`, `mremap_to`, `mremap_at`.
  private mutating func remapOne(
    _ request: inout RemapRequest, leniently: Bool
  ) throws(Errno) {
    if request.impliesTarget && !leniently && !profile.follows(.remapChecksFirst) {
      return try remapInOldOrder(&request)
    }
    if let errno = remapError(request), !leniently || vmaContaining(request.address) == nil {
      if isTraced { noteFailedRemap(errno) }
      throw errno
    }
    if request.impliesTarget {
      if request.flags.contains(.fixed) {
        try doMunmap(request.targetRange, leniently: leniently)
        if vmaContaining(request.address) == nil { throw .badAddress }
      }
      if request.newSize < request.oldSize {
        try shrink(request, leniently: leniently)
        request.oldSize = request.newSize
      }
      try moveVMA(request, leniently: leniently)
    } else if request.newSize < request.oldSize {
      try shrink(request, leniently: leniently)
    } else if request.newSize > request.oldSize {
      try expand(request, leniently: leniently)
    }
  }

  /// `VVVVVV   =>   VVV`; the tail that goes may reach into other VMAs.
  mutating func shrink(_ request: RemapRequest, leniently: Bool) throws(Errno) {
    if !tailIsRange(request) { throw .invalidArgument }
    let tail = AddressRange(
      request.address &+ request.newSize, request.address &+ request.oldSize)
    try doMunmap(tail, leniently: leniently)
    noteHole(tail)
  }

  /// Linux: `expand_vma`, `expand_vma_in_place`, `vma_merge_extend`.
  private mutating func expand(_ request: RemapRequest, leniently: Bool) throws(Errno) {
    // No address can be found for more than there is.
    if request.newSize > taskSize.rawValue { throw .noMemory }
    let entry = index.search(request.address)
    let growth = AddressRange(
      request.address &+ request.oldSize, request.address &+ request.newSize)
    let fits = canGrowInPlace(entry, request)
    if isTraced { path.enter(.expandVMA, growth) }
    defer { if isTraced { path.leave() } }
    if isTraced { noteFree(.findVMAIntersection, growth) }
    let stays = request.target == request.address
    if stays && (fits || leniently) {
      if !fits { try doMunmap(growth, leniently: true) }
      growInPlace(index.search(request.address), growth)
    } else {
      if !request.flags.contains(.mayMove) && !leniently {
        if isTraced { noteFailure(.noMemory) }
        throw .noMemory
      }
      try moveVMA(request, leniently: leniently)
    }
  }

  /// ```
  /// VVVV**NN   =>   VVVVVVVV  or  VVVVVVNN
  /// ```
  private mutating func growInPlace(_ entry: VMAEntry, _ growth: AddressRange) {
    let record = slab[entry.handle]
    let isLocked = attributes[record.attributes].flags.contains(.locked)
    let around = VMANeighbours(previous: entry, next: index.next(entry))
    if entry.end != growth.start {
      // Only a recording that disagrees comes here: the range did not end with its VMA.
      let after = index.findPrepare(growth.start)
      attributes.retain(record.attributes)
      vmaLink(growth, record.attributes, record.anonVMA, between: after)
    } else if !profile.follows(.remapGrowthJoinsNext) {
      _ = vmaAdjust(entry, entry.start, growth.end)
    } else if vmaMergeNew(growth, record.attributes, anonVMA: record.anonVMA, between: around)
      == nil
    {
      // Special mappings do not merge, not even with their own growth.
      _ = setRange(entry, AddressRange(entry.start, growth.end))
    }
    if isLocked { populate(growth, ignoringErrors: true) }
  }
}

/// The arguments of an mremap, sizes rounded to pages.
struct RemapRequest: BitwiseCopyable {
  var address: Address
  var oldSize: UInt64
  var newSize: UInt64
  var flags: RemapFlags
  /// Where the range goes; its own address if it stays.
  var target: Address

  /// Linux: `vrm_implies_new_addr`.
  var impliesTarget: Bool { flags.intersects(.fixed | .dontUnmap) }
  /// Linux: `vrm_move_only`.
  var onlyMoves: Bool { flags.contains(.fixed) && oldSize == newSize }

  /// - Precondition: it does not wrap.
  var targetRange: AddressRange { AddressRange(target, target &+ newSize) }
}
