import SyscallABI

/// The origins of VMAs, by slot beside the slab; empty unless somebody asks for them.
struct OriginTable: ~Copyable {
  private var slots: SlotArray<VMAOrigins>
  private(set) var isOn = false
  /// The call that is being applied.
  var current = CallID.none
  /// What was unmapped last, and the hole below it: a mapping that replaces it inherits that hole.
  var replaced = (start: Address(.max), holeBelow: CallID.none)

  init() { slots = SlotArray(capacity: 0, filler: .unknown) }

  private init(copying other: borrowing OriginTable) {
    slots = other.slots.copy()
    isOn = other.isOn
    current = other.current
  }

  borrowing func copy() -> OriginTable { OriginTable(copying: self) }

  mutating func turnOn() { isOn = true }

  /// Visits what is noted, slot by slot; what was noted of a VMA that is gone stays until its slot
  /// is used again.
  @inline(__always)
  borrowing func forEach(_ body: (VMAOrigins) -> Void) {
    for slot in 0..<slots.capacity { body(slots[UInt32(slot)]) }
  }

  /// Slots that nothing was noted of have no known origins.
  subscript(handle: VMA.Handle) -> VMAOrigins {
    get { Int(handle.slot) < slots.capacity ? slots[handle.slot] : .unknown }
    set {
      slots.ensure(handle.slot, filler: .unknown)
      slots[handle.slot] = newValue
    }
  }
}
