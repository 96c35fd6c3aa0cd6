/// Writes JSON into an `OutputBuffer`, in the order in which it is told.
///
/// Reports have a fixed order of keys and numbers of 64 bits and of nanoseconds, which must come
/// out exactly; one line each or indented.
public struct JSONWriter {
  /// Two spaces a level, one member a line; otherwise everything stands in one line.
  private let isIndented: Bool
  private var hasMembers: [Bool] = []
  private var followsKey = false

  public init(indented: Bool) { isIndented = indented }

  public mutating func beginObject(_ out: inout OutputBuffer) { open("{", &out) }
  public mutating func endObject(_ out: inout OutputBuffer) { close("}", &out) }
  public mutating func beginArray(_ out: inout OutputBuffer) { open("[", &out) }
  public mutating func endArray(_ out: inout OutputBuffer) { close("]", &out) }

  /// Starts a member: its value must follow.
  public mutating func key(_ name: String, _ out: inout OutputBuffer) {
    separate(&out)
    Self.appendQuoted(name.utf8, &out)
    out.append(isIndented ? ": " : ":")
    followsKey = true
  }

  public mutating func string(_ value: String, _ out: inout OutputBuffer) {
    separate(&out)
    Self.appendQuoted(value.utf8, &out)
  }

  /// Bytes that need not be UTF-8: what is not becomes U+FFFD.
  public mutating func string(bytes: [UInt8], _ out: inout OutputBuffer) {
    string(String(decoding: bytes, as: UTF8.self), &out)
  }

  /// An address as the string `"0x…"`.
  public mutating func address(_ value: UInt64, _ out: inout OutputBuffer) {
    separate(&out)
    out.append("\"0x")
    out.append(hex: value)
    out.append("\"")
  }

  public mutating func number(_ value: UInt64, _ out: inout OutputBuffer) {
    separate(&out)
    out.append(decimal: value)
  }

  public mutating func number(_ value: Int64, _ out: inout OutputBuffer) {
    separate(&out)
    out.append(decimal: value)
  }

  public mutating func number(_ value: Int, _ out: inout OutputBuffer) {
    number(Int64(value), &out)
  }

  /// Nanoseconds as a number of seconds with nine decimals.
  public mutating func seconds(nanoseconds value: Int64, _ out: inout OutputBuffer) {
    separate(&out)
    if value < 0 { out.append("-") }
    out.append(decimal: value.magnitude / 1_000_000_000)
    out.append(".")
    let fraction = String(value.magnitude % 1_000_000_000)
    out.append(String(repeating: "0", count: 9 - fraction.utf8.count))
    out.append(fraction)
  }

  /// A number that is written out already.
  mutating func literal(_ digits: String, _ out: inout OutputBuffer) {
    separate(&out)
    out.append(digits)
  }

  public mutating func bool(_ value: Bool, _ out: inout OutputBuffer) {
    separate(&out)
    out.append(value ? "true" : "false")
  }

  public mutating func null(_ out: inout OutputBuffer) {
    separate(&out)
    out.append("null")
  }

  private mutating func open(_ bracket: StaticString, _ out: inout OutputBuffer) {
    separate(&out)
    out.append(bracket)
    hasMembers.append(false)
  }

  private mutating func close(_ bracket: StaticString, _ out: inout OutputBuffer) {
    let hadMembers = hasMembers.removeLast()
    if isIndented && hadMembers { breakLine(&out) }
    out.append(bracket)
  }

  private mutating func separate(_ out: inout OutputBuffer) {
    if followsKey {
      followsKey = false
      return
    }
    guard let last = hasMembers.indices.last else { return }
    if hasMembers[last] { out.append(",") }
    hasMembers[last] = true
    if isIndented { breakLine(&out) }
  }

  private func breakLine(_ out: inout OutputBuffer) {
    out.append("\n")
    for _ in hasMembers { out.append("  ") }
  }

  private static func appendQuoted(_ text: String.UTF8View, _ out: inout OutputBuffer) {
    out.append("\"")
    for byte in text {
      switch byte {
      case UInt8(ascii: "\""): out.append("\\\"")
      case UInt8(ascii: "\\"): out.append("\\\\")
      case UInt8(ascii: "\n"): out.append("\\n")
      case UInt8(ascii: "\r"): out.append("\\r")
      case UInt8(ascii: "\t"): out.append("\\t")
      case 0..<0x20, 0x7f:
        out.append("\\u")
        out.append(hex: UInt64(byte), width: 4)
      default: out.append(byte: byte)
      }
    }
    out.append("\"")
  }
}
