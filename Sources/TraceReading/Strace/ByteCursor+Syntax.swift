extension ByteCursor {
  /// Moves from an opening quote behind the closing one and a `...` after it; false if there is
  /// no closing quote.
  mutating func skipString() -> Bool {
    advance()
    while true {
      switch byte {
      case UInt8(ascii: "\""):
        advance()
        if starts(with: "...") { advance(3) }
        return true
      case UInt8(ascii: "\\"):
        advance(2)
      default:
        if isAtEnd { return false }
        advance()
      }
    }
  }

  /// Moves from ` /*` or `/*` behind the comment's end, comments inside it included.
  mutating func skipComment() -> Bool {
    skipBlanks()
    var depth = 0
    while !isAtEnd {
      let pair = word & 0xffff
      if pair == 0x2a2f {  // "/*"
        depth += 1
        advance(2)
      } else if pair == 0x2f2a {  // "*/"
        depth -= 1
        advance(2)
        if depth == 0 { return true }
      } else {
        advance()
      }
    }
    return false
  }

  /// Moves from the `<` behind a number behind the matching `>`.
  mutating func skipAnnotation() -> Bool { annotation() != nil }

  /// Reads what stands between `<` and `>` behind a descriptor or a pid, without `<char 1:5>`;
  /// nil if it has no end.
  ///
  /// strace escapes `<` and `>` in names, but not in what it adds itself: devices, and the ends of
  /// sockets (`TCP:[a->b]`).
  @inline(__always)
  mutating func annotation() -> ByteSlice? {
    advance()
    let start = self
    if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") {
      return pathAnnotation(from: start)
    }
    return otherAnnotation(from: start)
  }

  @inline(__always)
  private mutating func pathAnnotation(from start: ByteCursor) -> ByteSlice? {
    while true {
      let found = Self.find(word, UInt8(ascii: ">"))
      advance(found)
      if found < 8 { break }
      if isAtEnd { return nil }
    }
    if isAtEnd { return nil }
    let path = start.slice(to: self)
    advance()
    // `>>`: the first one ends a device.
    if byte != UInt8(ascii: ">") { return path }
    return withoutDevice(path)
  }

  private mutating func withoutDevice(_ path: ByteSlice) -> ByteSlice {
    var i = path.count
    while i > 0 && path[i - 1] != UInt8(ascii: "<") { i -= 1 }
    let device = path.dropFirst(i).text
    guard i > 0, device.hasPrefix("char ") || device.hasPrefix("block ") else { return path }
    advance()
    return path.prefix(i - 1)
  }

  /// The end of what is no path: brackets, quotes and `->` may be in it.
  private mutating func otherAnnotation(from start: ByteCursor) -> ByteSlice? {
    var depth = 0
    var angles = 0
    while !isAtEnd {
      switch byte {
      case UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\""):
        if !skipString() { return nil }
        continue
      case UInt8(ascii: "<"):
        if depth <= 0 { angles += 1 }
      case UInt8(ascii: ">"):
        if depth <= 0 && angles == 0 {
          let text = start.slice(to: self)
          advance()
          return text
        }
        if depth <= 0 { angles -= 1 }
      default: break
      }
      advance()
    }
    return nil
  }

  /// The index (0 to 7) of the first `byte` in `word`; 8 if there is none.
  @inline(__always)
  static func find(_ word: UInt64, _ byte: UInt8) -> Int {
    let x = word ^ (UInt64(byte) &* 0x0101_0101_0101_0101)
    let zero = (x &- 0x0101_0101_0101_0101) & ~x & 0x8080_8080_8080_8080
    return zero.trailingZeroBitCount >> 3
  }
}
