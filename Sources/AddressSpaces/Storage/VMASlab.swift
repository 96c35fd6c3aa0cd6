import SyscallABI

/// The memory from which VMAs are allocated: freed records are used again, last freed first.
///
/// Linux: `vm_area_cachep` with `kmem_cache_zalloc` and `kmem_cache_free`.
struct VMASlab: ~Copyable {
  private var records: SlotArray<VMARecord>
  private var firstFree: UInt32 = 0
  /// The first slot that was never used; slot 0 is nil.
  private var firstUnused: UInt32 = 1
  private(set) var statistics = SlabStatistics()

  init() {
    records = SlotArray(capacity: 32, filler: .free)
  }

  private init(copying other: borrowing VMASlab) {
    records = other.records.copy()
    firstFree = other.firstFree
    firstUnused = other.firstUnused
    statistics = other.statistics
  }

  borrowing func copy() -> VMASlab { VMASlab(copying: self) }

  @inline(__always)
  subscript(handle: VMA.Handle) -> VMARecord {
    get { records[handle.slot] }
    _modify { yield &records[handle.slot] }
  }

  /// - Complexity: amortised O(1).
  mutating func allocate(_ record: VMARecord) -> VMA.Handle {
    let slot: UInt32
    if firstFree != 0 {
      slot = firstFree
      firstFree = records[slot].attributes.rawValue
      statistics.reused += 1
    } else {
      slot = firstUnused
      firstUnused += 1
      records.ensure(slot, filler: .free)
    }
    records[slot] = record
    statistics.allocated += 1
    statistics.objects += 1
    statistics.peak = max(statistics.peak, statistics.objects)
    return VMA.Handle(slot: slot)
  }

  /// - Complexity: O(1).
  mutating func free(_ handle: VMA.Handle) {
    assert(!records[handle.slot].range.isEmpty, "a free record is freed again")
    records[handle.slot] = .free
    records[handle.slot].attributes = MergeID(rawValue: firstFree)
    firstFree = handle.slot
    statistics.objects -= 1
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
