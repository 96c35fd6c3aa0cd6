import SyscallABI

/// The origins of VMAs, by slot beside the slab; empty unless somebody asks for them.
///
/// Kept in pieces: growing copies nothing, and a copy shares what neither side has changed since.
struct OriginTable: ~Copyable {
  private var pieces: [[VMAOrigins]] = []
  private(set) var isOn = false
  /// The call that is being applied.
  var current = CallID.none
  /// What was unmapped last, and the hole below it: a mapping that replaces it inherits that hole.
  var replaced = (start: Address(.max), holeBelow: CallID.none)

  private static let piece: UInt32 = 256

  init() {}

  private init(copying other: borrowing OriginTable) {
    pieces = other.pieces
    isOn = other.isOn
    current = other.current
  }

  borrowing func copy() -> OriginTable { OriginTable(copying: self) }

  mutating func turnOn() { isOn = true }

  /// Visits what is noted, slot by slot; what was noted of a VMA that is gone stays until its slot
  /// is used again.
  @inline(__always)
  borrowing func forEach(_ body: (VMAOrigins) -> Void) {
    for piece in pieces {
      for origins in piece { body(origins) }
    }
  }

  /// Slots that nothing was noted of have no known origins.
  subscript(handle: VMA.Handle) -> VMAOrigins {
    get {
      let piece = Int(handle.slot / Self.piece)
      if piece >= pieces.count { return .unknown }
      return pieces[piece][Int(handle.slot % Self.piece)]
    }
    set {
      let piece = Int(handle.slot / Self.piece)
      while piece >= pieces.count {
        pieces.append(Array(repeating: .unknown, count: Int(Self.piece)))
      }
      pieces[piece][Int(handle.slot % Self.piece)] = newValue
    }
  }
}
