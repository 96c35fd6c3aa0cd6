/// The `flags` word of mmap.
public struct MapFlags: FlagWord {
  public var rawValue: UInt64

  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The low four bits: one value, not a set (`MAP_TYPE`).
  @inlinable
  public var type: UInt64 { rawValue & 0xf }

  /// MAP_SHARED or MAP_SHARED_VALIDATE.
  @inlinable
  public var isShared: Bool { type == 1 || type == 3 }

  public static let shared = MapFlags(rawValue: 0x1)
  public static let `private` = MapFlags(rawValue: 0x2)
  public static let sharedValidate = MapFlags(rawValue: 0x3)
  public static let droppable = MapFlags(rawValue: 0x8)
  public static let fixed = MapFlags(rawValue: 0x10)
  public static let anonymous = MapFlags(rawValue: 0x20)
  public static let bits32 = MapFlags(rawValue: 0x40)
  public static let above4G = MapFlags(rawValue: 0x80)
  public static let growsDown = MapFlags(rawValue: 0x100)
  public static let denyWrite = MapFlags(rawValue: 0x800)
  public static let executable = MapFlags(rawValue: 0x1000)
  public static let locked = MapFlags(rawValue: 0x2000)
  public static let noReserve = MapFlags(rawValue: 0x4000)
  public static let populate = MapFlags(rawValue: 0x8000)
  public static let nonBlock = MapFlags(rawValue: 0x1_0000)
  public static let stack = MapFlags(rawValue: 0x2_0000)
  public static let hugeTLB = MapFlags(rawValue: 0x4_0000)
  public static let sync = MapFlags(rawValue: 0x8_0000)
  public static let fixedNoReplace = MapFlags(rawValue: 0x10_0000)
  public static let uninitialized = MapFlags(rawValue: 0x400_0000)

  /// The six bits above `MAP_HUGE_SHIFT` hold the logarithm of the huge page's size.
  public static let hugeShift: UInt64 = 26
  public static let hugeMask: UInt64 = 0x3f << hugeShift

  public static var fieldNames: [(name: StaticString, value: UInt64)] {
    [
      ("MAP_SHARED", 1), ("MAP_PRIVATE", 2), ("MAP_SHARED_VALIDATE", 3), ("MAP_DROPPABLE", 8),
    ]
  }
  public static var fieldMask: UInt64 { 0xf }

  public static var bitNames: [(name: StaticString, bit: UInt64)] {
    [
      ("MAP_FIXED", 0x10), ("MAP_ANONYMOUS", 0x20), ("MAP_32BIT", 0x40), ("MAP_ABOVE4G", 0x80),
      ("MAP_GROWSDOWN", 0x100), ("MAP_DENYWRITE", 0x800), ("MAP_EXECUTABLE", 0x1000),
      ("MAP_LOCKED", 0x2000), ("MAP_NORESERVE", 0x4000), ("MAP_POPULATE", 0x8000),
      ("MAP_NONBLOCK", 0x1_0000), ("MAP_STACK", 0x2_0000), ("MAP_HUGETLB", 0x4_0000),
      ("MAP_SYNC", 0x8_0000), ("MAP_FIXED_NOREPLACE", 0x10_0000),
    ]
  }

  public var names: [String] {
    var rest = rawValue
    var names: [String] = []
    if let entry = Self.fieldNames.first(where: { $0.value == type }) {
      names.append("\(entry.name)")
      rest &= ~Self.fieldMask
    }
    for (name, bit) in Self.bitNames where rest & bit == bit {
      names.append("\(name)")
      rest &= ~bit
    }
    let shift = (rest & Self.hugeMask) >> Self.hugeShift
    // MAP_UNINITIALIZED is the lowest bit of the shift's field: a shift wins, as strace has it.
    if shift != 0 {
      names.append("\(shift)<<MAP_HUGE_SHIFT")
      rest &= ~Self.hugeMask
    }
    appendUnnamed(rest, to: &names)
    return names
  }
}
