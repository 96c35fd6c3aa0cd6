import SyscallABI

/// Small non-negative numbers by pid: an open hash table without a stored hash.
///
/// Looked at twice for every call that a log shows in two halves, where the standard dictionary
/// would be a third of the work.
struct PIDTable {
  private struct Slot {
    var pid: Int32 = 0
    /// -1 for an empty slot.
    var value: Int32 = -1
  }

  private var slots = [Slot](repeating: Slot(), count: 64)
  private var shift: UInt32 = 26
  private var used = 0

  /// The number of a pid; -1 for none. Setting -1 removes it.
  subscript(pid: PID) -> Int32 {
    @inline(__always)
    get { slots[find(pid.rawValue)].value }
    set {
      let index = find(pid.rawValue)
      if newValue < 0 {
        if slots[index].value >= 0 { remove(index) }
        return
      }
      if slots[index].value < 0 {
        used += 1
        if used * 2 > slots.count {
          grow()
          insert(Slot(pid: pid.rawValue, value: newValue))
          return
        }
      }
      slots[index] = Slot(pid: pid.rawValue, value: newValue)
    }
  }

  @inline(__always)
  private func home(_ pid: Int32) -> Int {
    Int((UInt32(bitPattern: pid) &* 0x9e37_79b9) >> shift)
  }

  /// The slot of `pid`, or the empty one where it would go.
  @inline(__always)
  private func find(_ pid: Int32) -> Int {
    var index = home(pid)
    while slots[index].value >= 0 && slots[index].pid != pid {
      index = (index + 1) & (slots.count - 1)
    }
    return index
  }

  private mutating func insert(_ slot: Slot) { slots[find(slot.pid)] = slot }

  /// Empties a slot and moves those back that a search would no longer reach.
  private mutating func remove(_ index: Int) {
    used -= 1
    var hole = index
    var next = index
    while true {
      next = (next + 1) & (slots.count - 1)
      if slots[next].value < 0 { break }
      let distance = (next - home(slots[next].pid)) & (slots.count - 1)
      if distance >= (next - hole) & (slots.count - 1) {
        slots[hole] = slots[next]
        hole = next
      }
    }
    slots[hole] = Slot()
  }

  private mutating func grow() {
    let old = slots
    slots = [Slot](repeating: Slot(), count: old.count * 2)
    shift -= 1
    for slot in old where slot.value >= 0 { insert(slot) }
  }
}
