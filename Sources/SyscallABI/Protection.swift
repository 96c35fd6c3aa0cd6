/// The `prot` word of mmap, mprotect and their kin.
public struct Protection: FlagWord {
  public var rawValue: UInt64

  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let none = Protection(rawValue: 0)
  public static let read = Protection(rawValue: 0x1)
  public static let write = Protection(rawValue: 0x2)
  public static let exec = Protection(rawValue: 0x4)
  public static let sem = Protection(rawValue: 0x8)
  public static let growsDown = Protection(rawValue: 0x0100_0000)
  public static let growsUp = Protection(rawValue: 0x0200_0000)

  public static var bitNames: [(name: StaticString, bit: UInt64)] {
    [
      ("PROT_READ", 0x1), ("PROT_WRITE", 0x2), ("PROT_EXEC", 0x4), ("PROT_SEM", 0x8),
      ("PROT_GROWSDOWN", 0x0100_0000), ("PROT_GROWSUP", 0x0200_0000),
    ]
  }

  /// `["PROT_NONE"]` for 0.
  public static var fieldNames: [(name: StaticString, value: UInt64)] { [("PROT_NONE", 0)] }
  public static var fieldMask: UInt64 { .max }
}
