import SyscallABI

/// Ids of paths by the bytes with which the log spells them, so that a path that was seen before
/// costs neither unescaping nor an allocation.
struct PathCache {
  private struct Slot {
    var hash: UInt64 = 0
    var offset = 0
    var count: Int32 = -1
    var isDeleted = false
    var id = FileID.none
  }

  /// A log with more different paths than this starts over: the cache stays small, the ids valid.
  private static let maximum = 16 * 1024
  private let table: PathTable
  private var slots = [Slot](repeating: Slot(), count: 256)
  private var spellings: [UInt8] = []
  private var used = 0
  private var scratch: [UInt8] = []

  init(_ table: PathTable) { self.table = table }

  /// The id of the path that `spelling` stands for.
  @inline(__always)
  mutating func id(of spelling: ByteSlice, isDeleted: Bool) -> FileID {
    let hash = spelling.hash &+ (isDeleted ? 1 : 0)
    var index = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[index].count >= 0 {
      let slot = slots[index]
      if slot.hash == hash && Int(slot.count) == spelling.count && slot.isDeleted == isDeleted
        && spelling.equals(spellings, at: slot.offset)
      {
        return slot.id
      }
      index = (index + 1) & (slots.count - 1)
    }
    return add(spelling, isDeleted: isDeleted, hash: hash)
  }

  @inline(never)
  private mutating func add(_ spelling: ByteSlice, isDeleted: Bool, hash: UInt64) -> FileID {
    scratch.removeAll(keepingCapacity: true)
    Escapes.undo(spelling, into: &scratch)
    let id = table.intern(Array(scratch), isDeleted: isDeleted)
    if used == Self.maximum { reset() }
    if (used + 1) * 2 > slots.count { grow() }
    let slot = Slot(
      hash: hash, offset: spellings.count, count: Int32(spelling.count), isDeleted: isDeleted,
      id: id)
    spelling.append(to: &spellings)
    insert(slot)
    used += 1
    return id
  }

  private mutating func insert(_ slot: Slot) {
    var index = Int(truncatingIfNeeded: slot.hash) & (slots.count - 1)
    while slots[index].count >= 0 { index = (index + 1) & (slots.count - 1) }
    slots[index] = slot
  }

  private mutating func reset() {
    slots = [Slot](repeating: Slot(), count: 256)
    spellings.removeAll(keepingCapacity: true)
    used = 0
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Slot(), count: old.count * 2)
    for slot in old where slot.count >= 0 { insert(slot) }
  }
}
