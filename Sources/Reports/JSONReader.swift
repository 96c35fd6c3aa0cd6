/// A JSON document, as far as this program reads its own output again.
public indirect enum JSONValue: Sendable {
  case null
  case bool(Bool)
  /// A whole number that fits into 64 bits.
  case number(UInt64)
  /// Any other number; its value is not needed.
  case otherNumber
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// Reads a document; nil if it is not JSON.
  public init?(parsing bytes: [UInt8]) {
    var reader = JSONReader(bytes: bytes)
    guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
    self = value
  }

  public subscript(key: String) -> JSONValue? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  public var number: UInt64? {
    if case .number(let value) = self { value } else { nil }
  }
}

private struct JSONReader {
  let bytes: [UInt8]
  var position = 0

  /// Nothing but white space is left.
  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return position == bytes.count
    }
  }

  mutating func value(depth: Int) -> JSONValue? {
    skipSpace()
    guard depth < 64, let first = peek else { return nil }
    switch first {
    case UInt8(ascii: "{"): return object(depth)
    case UInt8(ascii: "["): return array(depth)
    case UInt8(ascii: "\""): return string().map { .string($0) }
    case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
    case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
    case UInt8(ascii: "n"): return take("null") ? .null : nil
    default: return number()
    }
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || (0x9...0xd).contains(byte) { position += 1 }
  }

  private mutating func take(_ text: String) -> Bool {
    guard bytes[position...].starts(with: text.utf8) else { return false }
    position += text.utf8.count
    return true
  }

  private mutating func takeByte(_ character: UInt8) -> Bool {
    skipSpace()
    guard peek == character else { return false }
    position += 1
    return true
  }

  private mutating func object(_ depth: Int) -> JSONValue? {
    position += 1
    var members: [String: JSONValue] = [:]
    if takeByte(UInt8(ascii: "}")) { return .object(members) }
    repeat {
      skipSpace()
      guard let key = string(), takeByte(UInt8(ascii: ":")), let value = value(depth: depth + 1)
      else { return nil }
      members[key] = value
    } while takeByte(UInt8(ascii: ","))
    return takeByte(UInt8(ascii: "}")) ? .object(members) : nil
  }

  private mutating func array(_ depth: Int) -> JSONValue? {
    position += 1
    var elements: [JSONValue] = []
    if takeByte(UInt8(ascii: "]")) { return .array(elements) }
    repeat {
      guard let value = value(depth: depth + 1) else { return nil }
      elements.append(value)
    } while takeByte(UInt8(ascii: ","))
    return takeByte(UInt8(ascii: "]")) ? .array(elements) : nil
  }

  /// Escapes are kept as they stand: no key of ours has any.
  private mutating func string() -> String? {
    guard peek == UInt8(ascii: "\"") else { return nil }
    let start = position + 1
    var end = start
    while end < bytes.count, bytes[end] != UInt8(ascii: "\"") {
      end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
    }
    guard end < bytes.count else { return nil }
    position = end + 1
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  private mutating func number() -> JSONValue? {
    let start = position
    let letters = Set("+-.0123456789eE".utf8)
    while let byte = peek, letters.contains(byte) { position += 1 }
    guard position > start else { return nil }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if let value = UInt64(text) { return .number(value) }
    return Double(text) == nil ? nil : .otherNumber
  }
}
