/// Takes out of a line what terminals and crashes put into it.
enum LineCleaner {
  /// The line without colour sequences, a byte order mark and NUL padding at its ends; nil if it
  /// has none of them.
  static func clean(_ line: ByteCursor) -> [UInt8]? {
    let bytes = line.rest.array
    guard bytes.contains(0x1b) || bytes.contains(0) || bytes.starts(with: [0xef, 0xbb, 0xbf])
    else { return nil }
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count)
    var rest = bytes[...]
    while rest.first == 0 { rest.removeFirst() }
    while rest.last == 0 { rest.removeLast() }
    if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest.removeFirst(3) }
    while let byte = rest.popFirst() {
      if byte == 0x1b { skipEscapeSequence(&rest) } else { text.append(byte) }
    }
    return text
  }

  /// Moves behind the rest of `ESC [ 3 1 m` or `ESC ( B`.
  private static func skipEscapeSequence(_ rest: inout ArraySlice<UInt8>) {
    guard let introducer = rest.popFirst() else { return }
    switch introducer {
    case UInt8(ascii: "["):
      while let byte = rest.popFirst() {
        if (0x40...0x7e).contains(byte) { return }
      }
    case UInt8(ascii: "("), UInt8(ascii: ")"):
      _ = rest.popFirst()
    default:
      return
    }
  }
}
