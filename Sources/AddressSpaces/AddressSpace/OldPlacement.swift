public import SyscallABI

/// Where 2.6 puts a mapping for which no address is given: it goes on from where the last search
/// ended, and starts again only if a hole that it passed over may be large enough.
///
/// It looks at an address space and changes nothing in it; whoever maps and unmaps tells it.
///
/// Linux: `arch_get_unmapped_area`, `arch_get_unmapped_area_topdown`, `arch_unmap_area*` (2.6).
public struct OldPlacement: Hashable, Sendable, BitwiseCopyable {
  public enum Direction: UInt8, Sendable, BitwiseCopyable {
    case bottomUp
    case topDown
  }

  /// A third of the address space (TASK_UNMAPPED_BASE): where the search upwards starts.
  public static let unmappedBase = Address(taskSize.rawValue / 3).roundedUpToPage

  public let direction: Direction
  /// Where the area for mappings starts, or ends if it is filled from the top (`mmap_base`).
  public let base: Address
  /// Where the last search ended (`free_area_cache`).
  public private(set) var freeAreaCache: Address
  /// The largest hole that was passed over on the way there (`cached_hole_size`).
  public private(set) var cachedHoleSize: UInt64 = 0

  /// - Parameter base: page-aligned; it counts for `topDown` only.
  public init(_ direction: Direction, base: Address) {
    self.direction = direction
    self.base = direction == .topDown ? base : Self.unmappedBase
    freeAreaCache = self.base
  }

  /// As a child starts with it.
  ///
  /// Linux: `dup_mmap` (2.6).
  public func forked() -> OldPlacement {
    var child = self
    child.freeAreaCache = base
    child.cachedHoleSize = .max
    return child
  }

  /// The address of a new mapping; nil if there is no room.
  ///
  /// - Parameters:
  ///   - length: in bytes, a multiple of the page size and not 0.
  ///   - hint: taken if `length` bytes are free there; rounded up to a page. 0 is none.
  /// - Complexity: O(holes that are passed over × log *n*).
  public mutating func find<Index: VMAIndex & ~Copyable>(
    _ length: UInt64, hint: Address = .zero, in space: borrowing AddressSpace<Index>
  ) -> Address? {
    if length > taskSize.rawValue { return nil }
    let wanted = hint.roundedUpToPage
    if hint != .zero && wanted <= taskSize &- length
      && length <= space.index.search(wanted).start &- wanted
    {
      return wanted
    }
    return direction == .topDown ? findDown(length, in: space) : findUp(length, in: space)
  }

  private mutating func findUp<Index: VMAIndex & ~Copyable>(
    _ length: UInt64, in space: borrowing AddressSpace<Index>
  ) -> Address? {
    var address = freeAreaCache
    if length <= cachedHoleSize {
      address = Self.unmappedBase
      cachedHoleSize = 0
    }
    var isWhole = address == Self.unmappedBase
    while true {
      if taskSize &- length < address {
        if isWhole { return nil }
        // Some hole may have been missed.
        isWhole = true
        address = Self.unmappedBase
        cachedHoleSize = 0
        continue
      }
      let above = space.index.search(address)
      if address &+ length <= above.start {
        freeAreaCache = address &+ length
        return address
      }
      if address < above.start { cachedHoleSize = max(cachedHoleSize, above.start &- address) }
      address = above.end
    }
  }

  private mutating func findDown<Index: VMAIndex & ~Copyable>(
    _ length: UInt64, in space: borrowing AddressSpace<Index>
  ) -> Address? {
    if length <= cachedHoleSize {
      cachedHoleSize = 0
      freeAreaCache = base
    }
    // Right below the last one, without a look at what is further up.
    if freeAreaCache.rawValue > length {
      let below = freeAreaCache &- length
      if freeAreaCache <= space.index.search(below).start {
        freeAreaCache = below
        return below
      }
    }
    if base.rawValue >= length {
      var address = base &- length
      while true {
        let above = space.index.search(address)
        if address &+ length <= above.start {
          freeAreaCache = address
          return address
        }
        if address < above.start { cachedHoleSize = max(cachedHoleSize, above.start &- address) }
        if length >= above.start.rawValue { break }
        address = above.start &- length
      }
    }
    return findAboveBase(length, in: space)
  }

  /// From the top there is no room: one search upwards, and then from the top again.
  private mutating func findAboveBase<Index: VMAIndex & ~Copyable>(
    _ length: UInt64, in space: borrowing AddressSpace<Index>
  ) -> Address? {
    freeAreaCache = Self.unmappedBase
    // The hole is taken to be of any size, so that the search upwards is a whole one.
    cachedHoleSize = .max
    let found = findUp(length, in: space)
    freeAreaCache = base
    cachedHoleSize = .max
    return found
  }

  /// `range` has been unmapped: the next search may begin there.
  ///
  /// Linux: `arch_unmap_area`, as `detach_vmas_to_be_unmapped` calls it.
  public mutating func noteUnmapped<Index: VMAIndex & ~Copyable>(
    _ range: AddressRange, in space: borrowing AddressSpace<Index>
  ) {
    let around = space.index.findPrepare(range.start)
    switch direction {
    case .bottomUp:
      let lowest = around.previous.isNone ? base : around.previous.end
      if lowest >= Self.unmappedBase && lowest < freeAreaCache {
        freeAreaCache = lowest
        cachedHoleSize = .max
      }
    case .topDown:
      let highest = around.next.isNone ? base : around.next.start
      freeAreaCache = min(max(freeAreaCache, highest), base)
    }
  }
}
