public import SyscallABI

/// Remembers the last VMA found, in front of any index, and counts how often that is enough.
///
/// Linux: `mm->mmap_cache` (until 3.14).
public struct MmapCache<Base: VMAIndex & ~Copyable>: VMAIndex, ~Copyable {
  private var base: Base
  private var last = VMAEntry.none
  public private(set) var cacheStatistics = MmapCacheStatistics()

  public init() {
    base = Base()
  }

  /// Puts an empty cache in front of an index.
  public init(base: consuming Base) {
    self.base = base
  }

  /// The copy starts with an empty cache and counts from zero.
  public borrowing func copy() -> MmapCache { MmapCache(base: base.copy()) }

  public var count: Int { base.count }
  public var bytes: Int { base.bytes }
  public var rotations: UInt64 { base.rotations }

  /// - Complexity: O(1) on a hit, else that of the index.
  public mutating func find(_ address: Address) -> VMAEntry {
    cacheStatistics.lookups += 1
    if last.start <= address && address < last.end {
      cacheStatistics.hits += 1
      return last
    }
    let found = base.find(address)
    if !found.isNone { last = found }
    return found
  }

  public mutating func noteFind(_ address: Address, _ entry: VMAEntry) {
    cacheStatistics.lookups += 1
    if last.start <= address && address < last.end {
      cacheStatistics.hits += 1
    } else if !entry.isNone {
      last = entry
    }
  }

  public borrowing func search(_ address: Address) -> VMAEntry { base.search(address) }

  /// Without the cache.
  public borrowing func nodesProbed(for address: Address) -> Int {
    base.nodesProbed(for: address)
  }

  public borrowing func findPrepare(_ address: Address) -> VMANeighbours {
    base.findPrepare(address)
  }

  public mutating func insert(
    _ handle: VMA.Handle, _ range: AddressRange, between: VMANeighbours
  ) {
    base.insert(handle, range, between: between)
  }

  public var hintOfLastInsert: UInt32 { base.hintOfLastInsert }

  public mutating func remove(_ entry: VMAEntry) {
    if last.handle == entry.handle { last = .none }
    base.remove(entry)
  }

  public mutating func setRange(_ entry: VMAEntry, _ range: AddressRange) {
    if last.handle == entry.handle {
      last.start = range.start
      last.end = range.end
    }
    base.setRange(entry, range)
  }

  public borrowing func next(_ entry: VMAEntry) -> VMAEntry { base.next(entry) }
  public borrowing func previous(_ entry: VMAEntry) -> VMAEntry { base.previous(entry) }
  public borrowing func first() -> VMAEntry { base.first() }

  @inline(__always)
  public borrowing func forEachEntry(_ body: (VMAEntry) -> Void) {
    base.forEachEntry(body)
  }

  public borrowing func checkStructure() {
    base.checkStructure()
    if !last.isNone {
      precondition(base.search(last.start) == last, "the cache points to what is not there")
    }
  }
}
