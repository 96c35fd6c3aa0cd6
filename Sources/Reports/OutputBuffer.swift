// The one unsafe expression copies the bytes of a static string while it is borrowed.

/// The bytes of a document on their way out: reports append, the command line writes them.
///
/// Long documents are drained in pieces, so that memory does not grow with them.
public struct OutputBuffer {
  public private(set) var bytes: [UInt8] = []

  public init() { bytes.reserveCapacity(1 << 16) }

  public mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  public mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
  }

  public mutating func append(byte: UInt8) { bytes.append(byte) }

  public mutating func append(contentsOf more: [UInt8]) { bytes.append(contentsOf: more) }

  public mutating func append(line text: String) {
    append(text)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Appends a number in decimal without making a string.
  public mutating func append(decimal value: UInt64) {
    if value >= 10 { append(decimal: value / 10) }
    bytes.append(UInt8(ascii: "0") + UInt8(value % 10))
  }

  public mutating func append(decimal value: Int64) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    append(decimal: value.magnitude)
  }

  /// Appends a number in lower-case hexadecimal, with leading zeros up to `width` digits.
  public mutating func append(hex value: UInt64, width: Int = 1) {
    var shift = max(width, (64 - value.leadingZeroBitCount + 3) / 4) * 4
    while shift > 0 {
      shift -= 4
      let digit = UInt8((value >> UInt64(shift)) & 0xf)
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }

  /// Empties the buffer and keeps its memory.
  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
}
