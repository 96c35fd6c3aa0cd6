import SyscallABI

/// Gives each distinct set of attributes of living VMAs one number, so that a merge is decided by
/// one comparison.
///
/// Every VMA holds one reference to its id; an id that nobody holds is used again, so the table
/// is as large as the number of different attributes that live at a time.
struct MergeAttributeTable: ~Copyable {
  private var rows: SlotArray<Row>
  /// The first row of each chain; the number of chains is a power of two.
  private var buckets: SlotArray<UInt32>
  private var firstFree: UInt32 = 0
  private var firstUnused: UInt32 = 1
  private(set) var count = 0
  /// The last changes of flags, each where the attributes before it say.
  private var changes = InlineArray<8, FlagChange>(repeating: .none)
  private let addressOnly = AddressOnly()

  struct Row: BitwiseCopyable {
    var attributes: MergeAttributes
    var hash: UInt64
    var references: UInt32
    /// The next row of the chain, or the next free row.
    var next: UInt32
    /// How often the row was taken into use.
    var generation: UInt32

    static let unused = Row(
      attributes: MergeAttributes(flags: []), hash: 0, references: 0, next: 0, generation: 0)
  }

  /// Attributes that differ in their flags only: programs change the same few over and over.
  private struct FlagChange: BitwiseCopyable {
    var before: MergeID
    var after: MergeID
    var generations: (before: UInt32, after: UInt32)
    var flags: VMAFlags

    static let none = FlagChange(
      before: .none, after: .none, generations: (0, 0), flags: [])
  }

  init() {
    rows = SlotArray(capacity: 32, filler: .unused)
    buckets = SlotArray(capacity: 32, filler: 0)
  }

  private init(copying other: borrowing MergeAttributeTable) {
    rows = other.rows.copy()
    buckets = other.buckets.copy()
    firstFree = other.firstFree
    firstUnused = other.firstUnused
    count = other.count
  }

  borrowing func copy() -> MergeAttributeTable { MergeAttributeTable(copying: self) }

  @inline(__always)
  subscript(id: MergeID) -> MergeAttributes { rows[id.rawValue].attributes }

  /// The id of `attributes`, with one reference that the caller has to keep or to release.
  ///
  /// - Complexity: O(1).
  mutating func intern(_ attributes: MergeAttributes) -> MergeID {
    let hash = attributes.hash
    var slot = buckets[bucket(hash)]
    while slot != 0 {
      if rows[slot].hash == hash && rows[slot].attributes == attributes {
        rows[slot].references += 1
        return MergeID(rawValue: slot)
      }
      slot = rows[slot].next
    }
    return add(attributes, hash)
  }

  /// The id of what `id` is but for its flags, with one reference as from `intern`.
  ///
  /// - Precondition: somebody holds `id`.
  mutating func intern(_ id: MergeID, withFlags flags: VMAFlags) -> MergeID {
    let place = Int(id.rawValue & 7)
    let known = changes[place]
    if known.before == id && known.flags == flags
      && generation(id) == known.generations.before
      && isAlive(known.after, generation: known.generations.after)
    {
      retain(known.after)
      return known.after
    }
    var attributes = self[id]
    attributes.flags = flags
    let after = intern(attributes)
    changes[place] = FlagChange(
      before: id, after: after, generations: (generation(id), generation(after)), flags: flags)
    return after
  }

  @inline(__always)
  mutating func retain(_ id: MergeID) {
    rows[id.rawValue].references += 1
  }

  @inline(__always)
  mutating func release(_ id: MergeID) {
    assert(rows[id.rawValue].references > 0, "attributes are released that nobody holds")
    rows[id.rawValue].references -= 1
    if rows[id.rawValue].references == 0 { removeRow(id.rawValue) }
  }

  /// Whether `id` still means what it meant when `generation` was asked.
  @inline(__always)
  func isAlive(_ id: MergeID, generation: UInt32) -> Bool {
    rows[id.rawValue].references > 0 && rows[id.rawValue].generation == generation
  }

  func generation(_ id: MergeID) -> UInt32 { rows[id.rawValue].generation }

  /// The number of VMAs (and callers) that hold `id`.
  func references(_ id: MergeID) -> Int { Int(rows[id.rawValue].references) }

  /// The memory held, in bytes.
  var bytes: Int { rows.bytes + buckets.bytes }

  @inline(__always)
  private func bucket(_ hash: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: hash) & UInt32(buckets.capacity - 1)
  }

  private mutating func add(_ attributes: MergeAttributes, _ hash: UInt64) -> MergeID {
    if count >= buckets.capacity { growBuckets() }
    let slot: UInt32
    if firstFree != 0 {
      slot = firstFree
      firstFree = rows[slot].next
    } else {
      slot = firstUnused
      firstUnused += 1
      rows.ensure(slot, filler: .unused)
    }
    let chain = bucket(hash)
    rows[slot] = Row(
      attributes: attributes, hash: hash, references: 1, next: buckets[chain],
      generation: rows[slot].generation &+ 1)
    buckets[chain] = slot
    count += 1
    return MergeID(rawValue: slot)
  }

  private mutating func removeRow(_ slot: UInt32) {
    let chain = bucket(rows[slot].hash)
    if buckets[chain] == slot {
      buckets[chain] = rows[slot].next
    } else {
      var before = buckets[chain]
      while rows[before].next != slot { before = rows[before].next }
      rows[before].next = rows[slot].next
    }
    rows[slot].next = firstFree
    firstFree = slot
    count -= 1
  }

  private mutating func growBuckets() {
    let capacity = buckets.capacity * 2
    buckets = SlotArray(capacity: capacity, filler: 0)
    for slot in 1..<firstUnused where rows[slot].references > 0 {
      let chain = bucket(rows[slot].hash)
      rows[slot].next = buckets[chain]
      buckets[chain] = slot
    }
  }
}
