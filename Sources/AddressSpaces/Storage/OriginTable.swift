import SyscallABI

/// The origins of VMAs, by slot beside the slab; empty unless somebody asks for them.
struct OriginTable: ~Copyable {
  private var rows: SlotArray<VMAOrigins>
  private(set) var isOn = false
  /// The call that is being applied.
  var current = CallID.none
  /// What was unmapped last, and the hole below it: a mapping that replaces it inherits that hole.
  var replaced = (start: Address(.max), holeBelow: CallID.none)

  init() {
    rows = SlotArray(capacity: 1, filler: .unknown)
  }

  private init(copying other: borrowing OriginTable) {
    rows = other.rows.copy(filler: .unknown)
    isOn = other.isOn
    current = other.current
  }

  borrowing func copy() -> OriginTable { OriginTable(copying: self) }

  mutating func turnOn() { isOn = true }

  /// Slots that nothing was noted of have no known origins.
  subscript(handle: VMA.Handle) -> VMAOrigins {
    get { Int(handle.slot) < rows.capacity ? rows[handle.slot] : .unknown }
    set {
      rows.ensure(handle.slot, filler: .unknown)
      rows[handle.slot] = newValue
    }
  }
}
