import SyscallABI

extension SnapshotReader {
  /// The text up to the next blank, which is passed over.
  func word(_ cursor: inout ByteCursor) -> String {
    cursor.skipBlanks()
    let start = cursor
    while cursor.byte != UInt8(ascii: " ") && !cursor.isAtEnd { cursor.advance() }
    let text = start.slice(to: cursor).text
    cursor.skipBlanks()
    return text
  }

  func pid(_ cursor: inout ByteCursor) -> PID? {
    guard let number = Self.number(word(&cursor)), number < 1 << 31 else { return nil }
    return PID(Int32(number))
  }

  static func number(_ text: String) -> UInt64? {
    if text.hasPrefix("0x") { return UInt64(text.dropFirst(2), radix: 16) }
    return UInt64(text) ?? Int64(text).map { UInt64(bitPattern: $0) }
  }

  /// `key=value` pairs; a value in quotes may have blanks, and `command=` takes the whole rest.
  func pairs(_ start: ByteCursor) -> [(key: String, value: String)] {
    var cursor = start
    var pairs: [(key: String, value: String)] = []
    cursor.skipBlanks()
    while !cursor.isAtEnd {
      let begin = cursor
      while cursor.byte != UInt8(ascii: "=") && cursor.byte != UInt8(ascii: " ")
        && !cursor.isAtEnd
      {
        cursor.advance()
      }
      let key = begin.slice(to: cursor).text
      guard cursor.take(UInt8(ascii: "=")) else {
        cursor.skipBlanks()
        continue
      }
      if key == "command" {
        pairs.append((key, command(cursor)))
        break
      }
      pairs.append((key, value(&cursor)))
      cursor.skipBlanks()
    }
    return pairs
  }

  /// The whole rest of the line; without quotes, if they are around all of it.
  private func command(_ start: ByteCursor) -> String {
    var cursor = start
    let text = value(&cursor)
    return cursor.isAtEnd ? text : start.rest.text
  }

  private func value(_ cursor: inout ByteCursor) -> String {
    guard cursor.byte == UInt8(ascii: "\"") else { return word(&cursor) }
    var start = cursor
    guard cursor.skipString() else { return word(&cursor) }
    let length = cursor.distance(from: start) - 2
    start.advance()
    var bytes: [UInt8] = []
    Escapes.undo(start.rest.prefix(length), into: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
