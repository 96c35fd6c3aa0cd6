public import SyscallABI
public import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// Unmaps a range; holes in it are fine.
  ///
  /// - Parameters:
  ///   - length: in bytes; rounded up to pages.
  ///   - leniently: the call is known to have succeeded, so nothing is refused but nonsense.
  /// - Throws: `invalidArgument` (misaligned, empty, above `TASK_SIZE`, a cut through a kernel
  ///   mapping), `notPermitted` (sealed memory), `noMemory` (a cut in the middle at the limit of
  ///   VMAs). After a failure nothing is unmapped, but the VMA at the low end may be split.
  /// - Complexity: O(log *n* + VMAs in the range).
  ///
  /// Linux: `do_vmi_munmap`.
  public mutating func munmap(
    _ address: Address, length: UInt64, leniently: Bool = false
  ) throws(Errno) {
    guard let range = Self.munmapRange(address, length) else {
      if isTraced { noteCheck(.arguments, passed: false) }
      throw .invalidArgument
    }
    var failure: Errno?
    do throws(Errno) {
      try doMunmap(range, leniently: leniently)
      noteHole(range)
    } catch {
      failure = error
    }
    finish(around: range.start)
    if let failure { throw failure }
  }

  /// The error with which munmap would fail; nil if it would succeed. Nothing is changed.
  public borrowing func predictMunmap(_ address: Address, length: UInt64) -> Errno? {
    guard let range = Self.munmapRange(address, length) else { return .invalidArgument }
    return munmapFailure(range)?.errno
  }

  private static func munmapRange(_ address: Address, _ length: UInt64) -> AddressRange? {
    guard address.isPageAligned, address <= taskSize, length <= taskSize &- address,
      let size = Page.align(length), size > 0
    else { return nil }
    return AddressRange(address, address &+ size)
  }

  /// Linux: `do_vmi_align_munmap`, `vms_gather_munmap_vmas` (6.12); `do_munmap` (2.6).
  mutating func doMunmap(_ range: AddressRange, leniently: Bool) throws(Errno) {
    if isTraced { path.enter(.doMunmap, range) }
    defer { if isTraced { path.leave() } }
    freeings &+= 1
    var entry = find(range.start)
    slab.prefetch(entry)
    if !leniently, let failure = munmapFailure(range, from: entry) {
      if isTraced { noteFailure(failure.errno) }
      if failure.leavesSplit {
        let newBelow = profile.follows(.trimNeedsNoReserve)
        splitVMA(entry, at: range.start, newBelow: newBelow)
      }
      throw failure.errno
    }
    if entry.start <= range.start && range.end <= entry.end && !showsSteps {
      unmapPart(range, of: entry)
      return
    }
    if !profile.follows(.trimNeedsNoReserve) { entry = splitEdges(of: range, from: entry) }
    if origins.isOn { noteReplacement(of: range) }
    if entry.isNone || entry.start >= range.end {
      if isTraced { path.note(.hole(range.start)) }
      return
    }
    if entry.start < range.start {
      if range.end < entry.end {
        // VVVVVVVVV   =>   VVV   NNN
        let upper = splitVMA(entry, at: range.end, newBelow: false).lower
        statistics.splits += 1
        _ = setRange(upper, AddressRange(entry.start, range.start))
        return
      }
      // VVVVVV      =>   VVV
      let next = index.next(entry)
      statistics.splits += 1
      _ = setRange(entry, AddressRange(entry.start, range.start))
      entry = next
    }
    while !entry.isNone && entry.end <= range.end {
      let next = index.next(entry)
      vmaRemove(entry)
      entry = next
    }
    if !entry.isNone && entry.start < range.end {
      //    VVVVVV   =>      VVV
      statistics.splits += 1
      _ = setRange(entry, AddressRange(range.end, entry.end))
    }
  }

  /// Somebody sees more of a call than the VMAs that it leaves.
  @inline(__always)
  private var showsSteps: Bool { isTraced || origins.isOn || keepsObjects }

  /// Unmaps a range that lies in one VMA. What the kernel cuts off only to remove it is never made
  /// a VMA here; all else, slots and statistics included, is as if it had been.
  ///
  /// ```
  /// VVVVVVVVV   =>   VVVVVV       or      VVVVVV   or   VVV   NNN
  /// ```
  private mutating func unmapPart(_ range: AddressRange, of vma: VMAEntry) {
    if vma.range == range { return vmaRemove(vma) }
    statistics.splits += 1
    if range.start > vma.start && range.end < vma.end {
      let record = slab[vma.handle]
      attributes.retain(record.attributes)
      statistics.splits += 1
      statistics.count(.insert)
      let next = index.next(vma)
      let lower = setRange(vma, AddressRange(vma.start, range.start))
      vmaLink(
        AddressRange(range.end, vma.end), record.attributes, record.anonVMA,
        between: VMANeighbours(previous: lower, next: next))
    } else if range.start > vma.start {
      _ = setRange(vma, AddressRange(vma.start, range.start))
    } else {
      _ = setRange(vma, AddressRange(range.end, vma.end))
    }
    if !profile.follows(.trimNeedsNoReserve) {
      // `split_vma` has made a VMA of the range.
      statistics.count(.insert)
      slab.noteTransient()
    }
  }

  /// ```
  /// VVVVVV  NNNNNN   =>   VVV***  ***NNN
  /// ```
  ///
  /// - Parameter first: the first VMA that ends above the start of the range.
  /// - Returns: the first VMA in the range.
  ///
  /// Linux: both calls of `split_vma` in `do_munmap` (2.6).
  private mutating func splitEdges(of range: AddressRange, from first: VMAEntry) -> VMAEntry {
    if first.start >= range.end { return first }
    var inside = first
    if first.start < range.start {
      inside = splitVMA(first, at: range.start, newBelow: false).upper
    }
    var last = inside
    while last.end < range.end {
      let next = index.next(last)
      if next.start >= range.end { break }
      last = next
    }
    if last.end <= range.end { return inside }
    let lower = splitVMA(last, at: range.end, newBelow: true).lower
    return last == inside ? lower : inside
  }

  struct MunmapFailure {
    var errno: Errno
    /// The VMA at the low end has been cut already.
    var leavesSplit: Bool
  }

  /// Why `range` cannot be unmapped. Edges are cut before anything is removed, the low one first.
  borrowing func munmapFailure(_ range: AddressRange) -> MunmapFailure? {
    munmapFailure(range, from: index.search(range.start))
  }

  /// - Parameter first: the first VMA that ends above the start of the range.
  private borrowing func munmapFailure(
    _ range: AddressRange, from first: VMAEntry
  ) -> MunmapFailure? {
    var entry = first
    if entry.isNone || entry.start >= range.end { return nil }
    var leavesSplit = false
    if entry.start < range.start {
      let attributes = attributes(of: entry)
      let needsReserve = range.end < entry.end || !profile.follows(.trimNeedsNoReserve)
      if needsReserve && mapCount >= limits.maxMapCount {
        return MunmapFailure(errno: .noMemory, leavesSplit: false)
      }
      if attributes.flags.contains(.sealed) {
        return MunmapFailure(errno: .notPermitted, leavesSplit: false)
      }
      if cannotBeCut(attributes) {
        return MunmapFailure(errno: .invalidArgument, leavesSplit: false)
      }
      leavesSplit = true
    }
    while !entry.isNone && entry.start < range.end {
      let attributes = attributes(of: entry)
      if attributes.flags.contains(.sealed) {
        return MunmapFailure(errno: .notPermitted, leavesSplit: leavesSplit)
      }
      if range.end < entry.end && cannotBeCut(attributes) {
        return MunmapFailure(errno: .invalidArgument, leavesSplit: leavesSplit)
      }
      if range.end < entry.end && !profile.follows(.trimNeedsNoReserve)
        && mapCount + (leavesSplit ? 1 : 0) >= limits.maxMapCount
      {
        return MunmapFailure(errno: .noMemory, leavesSplit: leavesSplit)
      }
      if entry.end >= range.end { return nil }
      entry = index.next(entry)
    }
    return nil
  }
}
