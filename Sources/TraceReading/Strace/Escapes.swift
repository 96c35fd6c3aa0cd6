/// The escapes with which strace prints bytes: `\76`, `\x2f`, `\n`, `\"`.
enum Escapes {
  /// Appends `text` with its escapes undone.
  ///
  /// An octal escape has one to three digits, fewer than three only where no digit follows; a
  /// backslash before anything else stands for that byte.
  static func undo(_ text: ByteSlice, into bytes: inout [UInt8]) {
    var i = 0
    while i < text.count {
      let byte = text[i]
      i += 1
      if byte != UInt8(ascii: "\\") || i == text.count {
        bytes.append(byte)
        continue
      }
      let escaped = text[i]
      i += 1
      switch escaped {
      case UInt8(ascii: "0")...UInt8(ascii: "7"):
        var value = Int(escaped & 7)
        var digits = 1
        while digits < 3 && i < text.count && text[i] & ~7 == UInt8(ascii: "0") {
          value = value * 8 + Int(text[i] & 7)
          i += 1
          digits += 1
        }
        bytes.append(UInt8(truncatingIfNeeded: value))
      case UInt8(ascii: "x"):
        var value = 0
        var digits = 0
        while digits < 2, i < text.count, let digit = hexDigit(text[i]) {
          value = value * 16 + digit
          i += 1
          digits += 1
        }
        bytes.append(digits == 0 ? UInt8(ascii: "x") : UInt8(value))
      case UInt8(ascii: "n"): bytes.append(10)
      case UInt8(ascii: "t"): bytes.append(9)
      case UInt8(ascii: "r"): bytes.append(13)
      case UInt8(ascii: "v"): bytes.append(11)
      case UInt8(ascii: "f"): bytes.append(12)
      default: bytes.append(escaped)
      }
    }
  }

  static func hexDigit(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}

extension Escapes {
  /// Appends `text` with the three-digit octal escapes of `/proc` undone.
  static func undoOctal(_ text: ByteSlice, into bytes: inout [UInt8]) {
    var i = 0
    while i < text.count {
      if text[i] == UInt8(ascii: "\\"), i + 3 < text.count,
        (1...3).allSatisfy({ text[i + $0] & ~7 == UInt8(ascii: "0") })
      {
        let value = (1...3).reduce(0) { $0 * 8 + Int(text[i + $1] & 7) }
        bytes.append(UInt8(truncatingIfNeeded: value))
        i += 4
      } else {
        bytes.append(text[i])
        i += 1
      }
    }
  }
}
