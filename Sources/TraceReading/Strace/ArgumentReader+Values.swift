import SyscallABI

extension ArgumentReader {
  /// An address, length or other number.
  mutating func number() -> UInt64 {
    guard begin() else { return 0 }
    let isHex = cursor.word & 0xffff == 0x7830
    guard let value = cursor.integer() else {
      fail(.badNumber)
      return 0
    }
    noteHexadecimal(isHex)
    end()
    return value
  }

  mutating func address() -> Address { Address(number()) }

  /// A number of 32 bits, which raw output prints as `0xffffffff` for -1.
  mutating func int32() -> Int32 { Int32(truncatingIfNeeded: number()) }

  /// A word of flags: names, numbers and commented numbers, joined by `|`.
  mutating func flags(
    _ kind: SymbolKind, or other: SymbolKind = .none, in symbols: borrowing SymbolTable
  ) -> UInt64 {
    guard begin() else { return 0 }
    var value: UInt64 = 0
    while true {
      if let bits = symbols.take(kind, from: &cursor) {
        value |= bits
      } else {
        guard let bits = unusualFlag(kind, or: other, in: symbols) else { return 0 }
        value |= bits
      }
      if cursor.byte == UInt8(ascii: " ") { skipRemarks() }
      if cursor.byte != UInt8(ascii: "|") { break }
      cursor.advance()
    }
    end()
    return value
  }

  @inline(never)
  private mutating func unusualFlag(
    _ kind: SymbolKind, or other: SymbolKind, in symbols: borrowing SymbolTable
  ) -> UInt64? {
    if cursor.isAtDigit || cursor.byte == UInt8(ascii: "-") {
      let start = cursor
      guard let number = cursor.integer() else {
        fail(.badNumber, at: start)
        return nil
      }
      if cursor.take("<<MAP_HUGE_SHIFT") {
        if kind == .map && number < 64 { return number << MapFlags.hugeShift }
        fail(.badNumber, at: start)
        return nil
      }
      return number
    }
    if other != .none, let value = symbols.take(other, from: &cursor) { return value }
    if other == .signal, let signal = cursor.realTimeSignal() { return signal }
    fail(.unknownName, kind)
    return nil
  }

  /// One named value, or its number.
  mutating func value(_ kind: SymbolKind, in symbols: borrowing SymbolTable) -> UInt64 {
    flags(kind, in: symbols)
  }

  /// A file descriptor with the path that -y puts behind it.
  mutating func descriptor(_ paths: inout PathCache) -> (fd: Int32, file: FileID) {
    guard begin() else { return (-1, .none) }
    guard let number = cursor.integer() else {
      if cursor.take("AT_FDCWD") {
        end()
        return (-100, .none)
      }
      fail(.badDescriptor)
      return (-1, .none)
    }
    var file = FileID.none
    if cursor.byte == UInt8(ascii: "<") {
      let start = cursor
      guard let path = cursor.annotation() else {
        fail(.badString, at: start)
        return (-1, .none)
      }
      let isDeleted = cursor.byte == UInt8(ascii: "(") && cursor.take("(deleted)")
      file = paths.id(of: path, isDeleted: isDeleted)
    }
    end()
    return (Int32(truncatingIfNeeded: number), file)
  }

  /// A string in quotes without them, escapes still in it; nil for an address or NULL.
  mutating func string() -> ByteSlice? {
    guard begin() else { return nil }
    guard cursor.byte == UInt8(ascii: "\"") else {
      guard cursor.integer() != nil else {
        fail(.badString)
        return nil
      }
      end()
      return nil
    }
    var start = cursor
    guard cursor.skipString() else {
      fail(.badString, at: start)
      return nil
    }
    var length = cursor.distance(from: start) - 2
    if cursor.previousByte == UInt8(ascii: ".") { length -= 3 }
    start.advance()
    let text = start.rest.prefix(length)
    end()
    return text
  }

  /// The number of a task, with what -Y or a pid namespace adds: the number that this log uses.
  mutating func task() -> PID {
    guard begin() else { return .none }
    guard let number = cursor.integer() else {
      fail(.badNumber)
      return .none
    }
    let inStrace = cursor.pidOfStrace()
    end()
    return PID(Int32(truncatingIfNeeded: inStrace ?? number))
  }
}

extension ByteCursor {
  /// The number in `<comm> /* 30529 in strace's PID NS */`; the cursor stays where it is.
  func pidOfStrace() -> UInt64? {
    var cursor = self
    if cursor.byte == UInt8(ascii: "<"), !cursor.skipAnnotation() { return nil }
    guard cursor.take(" /* "), let number = cursor.decimal(),
      cursor.starts(with: " in strace's PID NS")
    else { return nil }
    return number
  }

  /// Reads `SIGRT_8` or `SIGRTMIN+8`.
  mutating func realTimeSignal() -> UInt64? {
    let start = self
    if take("SIGRT_") || take("SIGRTMIN+"), let number = decimal(), number <= 32 {
      return 32 + number
    }
    self = start
    return nil
  }
}
