/// A word of flag bits, with the names that strace prints for them on x86-64.
///
/// The tables serve both directions: the decoder looks names up, reports spell values.
public protocol FlagWord: Hashable, Sendable, BitwiseCopyable {
  var rawValue: UInt64 { get }
  init(rawValue: UInt64)

  /// The single bits that have names, in the order in which they are printed.
  static var bitNames: [(name: StaticString, bit: UInt64)] { get }

  /// Names of values of a field inside the word that is not a set of bits (`MAP_PRIVATE`).
  static var fieldNames: [(name: StaticString, value: UInt64)] { get }

  /// The bits of that field; zero where there is none.
  static var fieldMask: UInt64 { get }
}

extension FlagWord {
  public static var fieldNames: [(name: StaticString, value: UInt64)] { [] }
  public static var fieldMask: UInt64 { 0 }

  /// All bits of `other` are set here.
  @inlinable
  public func contains(_ other: Self) -> Bool { rawValue & other.rawValue == other.rawValue }

  /// At least one bit of `other` is set here.
  @inlinable
  public func intersects(_ other: Self) -> Bool { rawValue & other.rawValue != 0 }

  @inlinable
  public func union(_ other: Self) -> Self { Self(rawValue: rawValue | other.rawValue) }

  @inlinable
  public func subtracting(_ other: Self) -> Self { Self(rawValue: rawValue & ~other.rawValue) }

  @inlinable
  public static func | (a: Self, b: Self) -> Self { a.union(b) }

  /// The names of all set bits; bits without a name are one hex string at the end.
  public var names: [String] {
    var names: [String] = []
    var rest = rawValue
    let field = rest & Self.fieldMask
    if let entry = Self.fieldNames.first(where: { $0.value == field }) {
      names.append("\(entry.name)")
      rest &= ~Self.fieldMask
    }
    for (name, bit) in Self.bitNames where rest & bit == bit {
      names.append("\(name)")
      rest &= ~bit
    }
    appendUnnamed(rest, to: &names)
    return names
  }

  func appendUnnamed(_ rest: UInt64, to names: inout [String]) {
    if rest != 0 { names.append("0x" + String(rest, radix: 16)) }
  }
}
