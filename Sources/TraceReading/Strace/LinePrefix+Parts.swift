import SyscallABI

extension LinePrefix {
  /// `12:34:56` with or without a fraction.
  mutating func readTimeOfDay(_ cursor: inout ByteCursor) -> Bool {
    guard let hours = cursor.decimal(), hours < 24, cursor.take(UInt8(ascii: ":")),
      let minutes = cursor.decimal(), minutes < 60, cursor.take(UInt8(ascii: ":")),
      let seconds = cursor.decimal(), seconds < 61
    else { return broken() }
    absolute = Int64(hours * 3600 + minutes * 60 + seconds) * 1_000_000_000
    if cursor.take(UInt8(ascii: ".")) {
      guard let fraction = cursor.fractionInNanoseconds() else { return broken() }
      absolute += fraction
    }
    kind = .clock
    return cursor.take(UInt8(ascii: " ")) || broken()
  }

  /// `(+     0.000012) `
  mutating func readDifference(_ cursor: inout ByteCursor) -> Bool {
    let start = cursor
    guard cursor.take("(+") else { return false }
    cursor.skipBlanks()
    let isNegative = cursor.take(UInt8(ascii: "-"))
    guard let seconds = cursor.decimal(), seconds < 1 << 33 else {
      cursor = start
      return false
    }
    relative = Int64(seconds) * 1_000_000_000
    if cursor.take(UInt8(ascii: ".")) { relative += cursor.fractionInNanoseconds() ?? 0 }
    if isNegative { relative = -relative }
    hasRelative = true
    guard cursor.take(") ") else {
      cursor = start
      return false
    }
    return true
  }

  /// `[pid  1234] `, `[pid 1234<comm>] `, a security context, `[   9] ` or `[00007f…] `.
  mutating func readBracket(_ cursor: inout ByteCursor) -> Bool {
    let start = cursor
    // A message of strace, not a prefix.
    if cursor.starts(with: "[ Process ") { return false }
    if cursor.take("[pid ") {
      cursor.skipBlanks()
      if let number = cursor.decimal(), number <= Self.maximumPID {
        if cursor.byte == UInt8(ascii: "<") { _ = cursor.skipAnnotation() }
        if cursor.take("] ") || cursor.take("]") && cursor.isAtEnd {
          pid = PID(Int32(number))
          return true
        }
      }
      cursor = start
      return broken()
    }
    while !cursor.isAtEnd {
      if cursor.take("] ") { return true }
      if cursor.byte == UInt8(ascii: "\"") { break }
      cursor.advance()
    }
    cursor = start
    return false
  }

  mutating func broken() -> Bool {
    isBroken = true
    return false
  }
}
