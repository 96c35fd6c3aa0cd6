import SyscallABI

// Calls on descriptors are read only as far as they tell mapped files apart. A line that is not in
// a known form is one of another call, never malformed.

extension StraceDecoder {
  /// Whether the name that starts with `word` may be that of a call on descriptors.
  @inline(__always)
  static func mayBeDescriptorCall(_ word: UInt64) -> Bool {
    switch UInt32(truncatingIfNeeded: word) {
    case 0x6e65_706f, 0x736f_6c63, 0x2870_7564, 0x3270_7564, 0x3370_7564, 0x6165_7263,
      0x746e_6366:  // open clos dup( dup2 dup3 crea fcnt
      true
    default: false
    }
  }

  /// Reads the line of a call on descriptors; a first half is kept until its second comes.
  @inline(never)
  mutating func decodeDescriptorCall(
    _ start: ByteCursor, _ context: LineContext, into batch: inout TraceBatch
  ) {
    if let change = descriptorChange(start) {
      batch.items.append(.descriptor(event(change, context)))
    } else if start.rest.hasSuffix("<unfinished ...>") {
      // Threads that never go on are few, but a log can claim any number.
      if descriptorHalves.count > 16_384 { descriptorHalves.removeAll() }
      descriptorHalves[context.pid] = start.rest.prefix(start.rest.count - 16).array
    }
  }

  /// The second half, from behind `<... `.
  @inline(never)
  mutating func resumeDescriptorCall(
    _ start: ByteCursor, _ context: LineContext, into batch: inout TraceBatch
  ) {
    guard var half = descriptorHalves.removeValue(forKey: context.pid),
      var cursor = start.find(" resumed>")
    else { return }
    cursor.advance(9)
    while half.last == UInt8(ascii: " ") { half.removeLast() }
    let joined = self.joined.assign(half, cursor.rest)
    if let change = descriptorChange(joined) {
      batch.items.append(.descriptor(event(change, context)))
    }
  }

  private func event(_ change: DescriptorEvent.Change, _ context: LineContext) -> DescriptorEvent {
    DescriptorEvent(
      line: context.origin.line, source: context.origin.source, time: context.time,
      pid: context.pid, change: change)
  }

  private func descriptorChange(_ start: ByteCursor) -> DescriptorEvent.Change? {
    var cursor = start
    if cursor.take("close(") {
      guard let fd = cursor.fd(), cursor.isClosedSuccessfully else { return nil }
      return .closed(fd: fd)
    }
    if cursor.take("dup(") || cursor.take("dup2(") || cursor.take("dup3(") {
      guard let from = cursor.fd(), let result = cursor.descriptorResult() else { return nil }
      return .duplicated(
        from: from, to: result.fd, closesOnExec: start.find("O_CLOEXEC)") != nil)
    }
    if cursor.take("fcntl(") { return fcntlChange(&cursor) }
    if cursor.take("creat(") {
      guard cursor.skipString(), let result = cursor.descriptorResult() else { return nil }
      return .opened(
        fd: result.fd, path: result.path, access: .writeOnly, closesOnExec: false)
    }
    if cursor.take("openat(") {
      guard cursor.take("AT_FDCWD") || cursor.fd() != nil else { return nil }
      if cursor.byte == UInt8(ascii: "<") { _ = cursor.annotation() }
      guard cursor.take(", ") else { return nil }
    } else if !cursor.take("open(") {
      return nil
    }
    guard cursor.skipString(), cursor.take(", ") else { return nil }
    let (access, closesOnExec) = cursor.openFlags()
    guard let result = cursor.descriptorResult() else { return nil }
    return .opened(
      fd: result.fd, path: result.path, access: access, closesOnExec: closesOnExec)
  }

  private func fcntlChange(_ cursor: inout ByteCursor) -> DescriptorEvent.Change? {
    guard let fd = cursor.fd(), cursor.take(", F_") else { return nil }
    if cursor.take("DUPFD") {
      let closesOnExec = cursor.take("_CLOEXEC")
      guard cursor.take(", "), let result = cursor.descriptorResult() else { return nil }
      return .duplicated(from: fd, to: result.fd, closesOnExec: closesOnExec)
    }
    guard cursor.take("SETFD, ") else { return nil }
    let isSet = cursor.starts(with: "FD_CLOEXEC") || cursor.starts(with: "1")
    return cursor.isClosedSuccessfully ? .marked(fd: fd, closesOnExec: isSet) : nil
  }
}

extension ByteCursor {
  /// `3</lib/x>`: the number.
  fileprivate mutating func fd() -> Int32? {
    guard let number = decimal(), number < 1 << 31 else { return nil }
    if byte == UInt8(ascii: "<") {
      guard annotation() != nil else { return nil }
      _ = take("(deleted)")
    }
    return Int32(number)
  }

  /// The line ends in `= 0`.
  fileprivate var isClosedSuccessfully: Bool {
    guard let end = findLast(" = ") else { return false }
    return end.byte(at: 3) == UInt8(ascii: "0")
  }

  /// What stands behind the closing parenthesis: `= 3</lib/x>`.
  fileprivate func descriptorResult() -> (fd: Int32, path: UInt64)? {
    guard var cursor = find(") ") else { return nil }
    cursor.advance(1)
    cursor.skipBlanks()
    guard cursor.take("= "), let number = cursor.decimal(), number < 1 << 31 else { return nil }
    var path: UInt64 = 0
    if cursor.byte == UInt8(ascii: "<"), let spelling = cursor.annotation() {
      var bytes: [UInt8] = []
      Escapes.undo(spelling, into: &bytes)
      path = PathFingerprint.of(bytes)
    }
    return (Int32(number), path)
  }

  /// `O_RDWR|O_CREAT|O_CLOEXEC`
  fileprivate mutating func openFlags() -> (access: FileAccess, closesOnExec: Bool) {
    var access = FileAccess.unknown
    var closesOnExec = false
    while byte == UInt8(ascii: "O") {
      if starts(with: "O_RDONLY") { access = .readOnly }
      if starts(with: "O_RDWR") { access = .readWrite }
      if starts(with: "O_WRONLY") { access = .writeOnly }
      if starts(with: "O_CLOEXEC") { closesOnExec = true }
      while ArgumentReader.isNameByte(byte) { advance() }
      _ = take(UInt8(ascii: "|"))
    }
    return (access, closesOnExec)
  }
}
