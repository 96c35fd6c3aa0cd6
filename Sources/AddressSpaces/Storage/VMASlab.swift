import SyscallABI

/// The memory of all that a VMA is but its borders, which are in the index: freed records are used
/// again, last freed first.
///
/// Linux: `vm_area_cachep` with `kmem_cache_zalloc` and `kmem_cache_free`.
struct VMASlab: ~Copyable {
  private var records: SlotArray<VMARecord>
  private var firstFree: UInt32 = 0
  /// The first slot that was never used; slot 0 is nil.
  private var firstUnused: UInt32 = 1
  private var objects = 0
  private var peak = 0
  private var allocated = 0

  init() {
    records = SlotArray(capacity: 128, filler: .none)
  }

  private init(copying other: borrowing VMASlab) {
    records = other.records.copy()
    firstFree = other.firstFree
    firstUnused = other.firstUnused
    objects = other.objects
    peak = other.peak
    allocated = other.allocated
  }

  borrowing func copy() -> VMASlab { VMASlab(copying: self) }

  @inline(__always)
  subscript(handle: VMA.Handle) -> VMARecord {
    get { records[handle.slot] }
    _modify { yield &records[handle.slot] }
  }

  /// Begins to fetch the records on both sides of an address, which a merge will look at.
  @inline(__always)
  func prefetch(_ around: VMANeighbours) {
    records.prefetch(around.previous.handle.slot)
    records.prefetch(around.next.handle.slot)
  }

  @inline(__always)
  func prefetch(_ entry: VMAEntry) { records.prefetch(entry.handle.slot) }

  /// - Complexity: amortised O(1).
  @inline(__always)
  mutating func allocate(_ record: VMARecord) -> VMA.Handle {
    let slot: UInt32
    if firstFree != 0 {
      slot = firstFree
      firstFree = records[slot].attributes.rawValue
    } else {
      slot = takeUnused()
    }
    records[slot] = record
    allocated &+= 1
    objects &+= 1
    if objects > peak { peak = objects }
    return VMA.Handle(slot: slot)
  }

  @inline(__always)
  private mutating func takeUnused() -> UInt32 {
    let slot = firstUnused
    records.ensure(slot, filler: .none)
    firstUnused &+= 1
    return slot
  }

  /// Notes that a record was allocated and freed, with nothing between.
  mutating func noteTransient() {
    if firstFree == 0 {
      firstFree = takeUnused()
      records[firstFree] = .free
    }
    allocated &+= 1
    if objects == peak { peak &+= 1 }
  }

  /// - Complexity: O(1).
  mutating func free(_ handle: VMA.Handle) {
    assert(!records[handle.slot].isFree, "a free record is freed again")
    records[handle.slot] = .free
    records[handle.slot].attributes = MergeID(rawValue: firstFree)
    firstFree = handle.slot
    objects &-= 1
  }

  var statistics: SlabStatistics {
    SlabStatistics(
      objects: objects, peak: peak, allocated: allocated,
      reused: allocated - Int(firstUnused - 1))
  }

  /// The memory held, in bytes.
  var bytes: Int { records.bytes }
}

/// How the slab of VMAs was used.
public struct SlabStatistics: Hashable, Sendable {
  /// VMAs that exist now.
  public internal(set) var objects = 0
  /// The most VMAs that ever existed at a time.
  public internal(set) var peak = 0
  /// Allocations so far.
  public internal(set) var allocated = 0
  /// Allocations that were served by a record freed before.
  public internal(set) var reused = 0
}
