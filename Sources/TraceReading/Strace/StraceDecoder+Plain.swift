import SyscallABI

// Nearly all lines of nearly all logs are whole calls of five kinds in the style that strace has
// by default. They are read here with everything in registers, in a third of the time that the
// general reader takes. Nothing is decided here: whatever differs in a single byte is left to the
// general reader, which starts over, and the tests hold the two against each other.

extension StraceDecoder {
  /// Decodes a whole, successful call or a first half in the usual style; false if the line is
  /// anything else.
  @inline(__always)
  mutating func decodePlain(
    _ name: SyscallName, _ start: ByteCursor, _ context: LineContext,
    into batch: inout TraceBatch
  ) -> Bool {
    var cursor = start
    guard let call = plainCall(name, &cursor) else { return false }
    if cursor.byte != UInt8(ascii: ")") {
      guard cursor.isPlainHalf, !context.origin.isUnterminated else { return false }
      _ = begin(name, call, context, into: &batch)
      return true
    }
    cursor.pass(1)
    guard let (value, duration) = plainEnding(&cursor, context.origin) else { return false }
    batch.items.append(
      .completed(
        SyscallEvent(
          line: context.origin.line, time: context.time, duration: duration, pid: context.pid,
          source: context.origin.source, name: name, result: .returned(value), call: call)))
    return true
  }

  /// Reads ` = 0x7f00 <0.000042>` up to the end of the line; nil if it is anything else.
  @inline(__always)
  private mutating func plainEnding(
    _ cursor: inout ByteCursor, _ origin: LineOrigin
  ) -> (value: UInt64, duration: SyscallEvent.Duration)? {
    guard let value = cursor.plainResult() else { return nil }
    if cursor.isAtEnd { return origin.isUnterminated ? nil : (value, .none) }
    guard let nanoseconds = cursor.plainDuration(), cursor.isAtEnd else { return nil }
    hasDurations = true
    return (value, .init(nanoseconds: nanoseconds))
  }

  /// Ends a call by `) = 0 <0.000042>`, the second half of one whose first half has all
  /// arguments; false if it is anything else.
  @inline(__always)
  mutating func resumePlain(
    _ index: Int, _ start: ByteCursor, _ context: LineContext, into batch: inout TraceBatch
  ) -> Bool {
    var cursor = start
    guard !pending.entries[index].needsText, cursor.take(UInt8(ascii: ")")),
      let (value, duration) = plainEnding(&cursor, context.origin)
    else { return false }
    var event = pending.entries[index].event
    pending.remove(index)
    event.line = context.origin.line
    event.source = context.origin.source
    event.duration = duration
    event.result = .returned(value)
    if event.pid == .none { event.pid = context.pid }
    batch.items.append(.completed(event))
    return true
  }

  @inline(__always)
  private mutating func plainCall(
    _ name: SyscallName, _ cursor: inout ByteCursor
  ) -> SyscallEvent.Call? {
    switch name {
    case .mmap:
      return plainMmap(&cursor)
    case .munmap:
      guard let (addr, length) = cursor.plainRange() else { return nil }
      return .munmap(addr: addr, length: length)
    case .mprotect:
      guard let (addr, length) = cursor.plainRange(), cursor.takeComma(),
        let prot = calls.memo.take(.protection, from: &cursor, calls.symbols)
      else { return nil }
      return .mprotect(addr: addr, length: length, prot: Protection(rawValue: prot), pkey: -1)
    case .madvise:
      guard let (addr, length) = cursor.plainRange(), cursor.takeComma(),
        let advice = calls.memo.take(.advice, from: &cursor, calls.symbols)
      else { return nil }
      return .madvise(
        addr: addr, length: length, advice: Advice(rawValue: UInt32(truncatingIfNeeded: advice)))
    case .brk:
      guard let addr = cursor.plainNumber() else { return nil }
      return .brk(addr: Address(addr))
    default:
      return nil
    }
  }

  @inline(__always)
  private mutating func plainMmap(_ cursor: inout ByteCursor) -> SyscallEvent.Call? {
    guard let (addr, length) = cursor.plainRange(), cursor.takeComma(),
      let prot = calls.memo.take(.protection, from: &cursor, calls.symbols), cursor.takeComma(),
      let flags = calls.memo.take(.map, from: &cursor, calls.symbols), cursor.takeComma()
    else { return nil }
    var fd: Int32 = -1
    var file = FileID.none
    if cursor.word & 0xffff_ffff == 0x202c_312d {  // "-1, "
      cursor.pass(4)
    } else {
      guard let number = cursor.decimal() else { return nil }
      fd = Int32(truncatingIfNeeded: number)
      if cursor.byte == UInt8(ascii: "<") {
        guard let path = cursor.annotation() else { return nil }
        file = calls.paths.id(of: path, isDeleted: false)
      }
      guard cursor.takeComma() else { return nil }
    }
    guard let offset = cursor.plainNumber() else { return nil }
    return .mmap(
      addr: addr, length: length, prot: Protection(rawValue: prot),
      flags: MapFlags(rawValue: flags), fd: fd, file: file, offset: offset)
  }
}

extension ByteCursor {
  /// Reads the name of one of the five calls and the parenthesis behind it.
  @inline(__always)
  mutating func takePlainName() -> SyscallName? {
    let word = self.word
    if word & 0xff_ffff_ffff == 0x28_7061_6d6d {  // "mmap("
      pass(5)
      return .mmap
    }
    if word & 0xff_ffff_ffff_ffff == 0x28_7061_6d6e_756d {  // "munmap("
      pass(7)
      return .munmap
    }
    if word == 0x7463_6574_6f72_706d, byte(at: 8) == UInt8(ascii: "(") {  // "mprotect"
      pass(9)
      return .mprotect
    }
    if word == 0x2865_7369_7664_616d {  // "madvise("
      pass(8)
      return .madvise
    }
    if word & 0xffff_ffff == 0x286b_7262 {  // "brk("
      pass(4)
      return .brk
    }
    return nil
  }

  @inline(__always)
  fileprivate mutating func takeComma() -> Bool {
    guard word & 0xffff == 0x202c else { return false }  // ", "
    pass(2)
    return true
  }

  /// ` <unfinished ...>` and nothing behind it.
  @inline(__always)
  fileprivate var isPlainHalf: Bool {
    word == 0x696e_6966_6e75_3c20  // " <unfini"
      && word(at: 8) == 0x2e2e_2e20_6465_6873  // "shed ..."
      && count == 17 && byte(at: 16) == UInt8(ascii: ">")
  }

  /// An address and a length.
  @inline(__always)
  fileprivate mutating func plainRange() -> (addr: Address, length: UInt64)? {
    guard let addr = plainNumber(), takeComma(), let length = decimal() else { return nil }
    return (Address(addr), length)
  }

  /// `0x…`, `NULL` or decimal digits.
  @inline(__always)
  fileprivate mutating func plainNumber() -> UInt64? {
    let word = self.word
    if word & 0xffff == 0x7830 {  // "0x"
      pass(2)
      return hexadecimal()
    }
    if word & 0xffff_ffff == 0x4c4c_554e {  // "NULL"
      pass(4)
      return 0
    }
    return decimal()
  }

  /// ` = 0` or ` = 0x…`, after as many blanks as there are.
  @inline(__always)
  fileprivate mutating func plainResult() -> UInt64? {
    if word & 0xff_ffff == 0x203d20 {  // " = "
      pass(3)
    } else {
      skipBlanks()
      guard word & 0xffff == 0x203d else { return nil }  // "= "
      pass(2)
    }
    return plainNumber()
  }

  /// ` <0.000042>`
  @inline(__always)
  fileprivate mutating func plainDuration() -> Int64? {
    guard word & 0xffff_ffff == 0x2e30_3c20 else { return nil }  // " <0."
    pass(4)
    guard let nanoseconds = fractionInNanoseconds(), byte == UInt8(ascii: ">") else {
      return nil
    }
    pass(1)
    return nanoseconds
  }
}
