import SyscallABI

/// What searches for a place have found out of one address space: above which address there is no
/// room for how much. It holds until something is unmapped, since mapping only takes room away.
public struct PlacementMemo: Sendable {
  /// For sizes from a power of two up to the next, in pages: no gap of `size` bytes or more ends
  /// above `end`.
  private struct Class: BitwiseCopyable {
    var size: UInt64
    var end: Address
  }

  private var classes: [Class] = []
  private var freeings: UInt64 = 0
  private var base = Address.zero

  public init() {}

  /// Forgets everything if it need not hold any longer.
  mutating func begin(freeings: UInt64, base: Address) {
    if freeings == self.freeings && base == self.base && !classes.isEmpty { return }
    self.freeings = freeings
    self.base = base
    classes = [Class](repeating: Class(size: .max, end: base), count: 64)
  }

  /// The highest address at which room for `size` bytes can end.
  func highestEnd(ofRoomFor size: UInt64) -> Address {
    var end = base
    for index in 0...Self.index(of: size) where classes[index].size <= size {
      end = min(end, classes[index].end)
    }
    return end
  }

  /// The highest room for `size` bytes ends at `end`.
  mutating func note(_ size: UInt64, end: Address) {
    classes[Self.index(of: size)] = Class(size: size, end: end)
  }

  private static func index(of size: UInt64) -> Int {
    63 - max(size >> Page.shift, 1).leadingZeroBitCount
  }
}
