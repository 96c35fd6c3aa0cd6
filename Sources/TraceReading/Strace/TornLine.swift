import SyscallABI

/// The beginning of a line that one of strace's own messages cut in two.
///
/// That happens where strace writes its log and its messages to the same file:
/// `munmap(0x7f…, 2097152strace: Process 11573 attached`, and in the next line `) = 0`.
struct TornLine {
  private(set) var text: [UInt8] = []
  private(set) var origin = LineOrigin(line: 0)
  /// The file's clock before the line.
  private(set) var clock = LogClock()
  /// Why the part alone cannot be decoded; nil for calls that are not decoded anyway.
  private(set) var message: String?

  /// A torn line is at most so long; a longer one is given up.
  static let maximum = 256 * 1024

  var isEmpty: Bool { text.isEmpty }

  mutating func set(
    _ part: ByteSlice, _ origin: LineOrigin, _ clock: LogClock, message: String?
  ) {
    text.removeAll(keepingCapacity: true)
    part.append(to: &text)
    self.origin = origin
    self.clock = clock
    self.message = message
  }

  mutating func clear() { text.removeAll(keepingCapacity: true) }

  /// Where a message begins that runs from somewhere behind `start` to the end of the line; nil
  /// if there is none.
  static func messageAtEnd(after start: ByteCursor) -> ByteCursor? {
    if let notice = start.findLast("[ Process PID="), notice.rest.hasSuffix("mode. ]") {
      return notice
    }
    guard let process = start.findLast("Process "), isProcessMessage(process) else { return nil }
    // `strace: ` stands before it since strace 4.6.
    if let message = start.findLast("strace: Process "),
      process.distance(from: message) == 8
    {
      return message
    }
    return process
  }

  /// `Process 11573 attached`, and nothing behind it.
  static func isProcessMessage(_ start: ByteCursor) -> Bool {
    var cursor = start
    guard cursor.take("Process "), cursor.decimal() != nil else { return false }
    if cursor.starts(with: " attached") || cursor.starts(with: " detached") {
      return cursor.count == 9
    }
    return false
  }
}

extension StraceDecoder {
  /// A line while the beginning of another waits, or inside a snapshot.
  @inline(never)
  mutating func decodeInContext(
    _ line: ByteCursor, _ origin: LineOrigin, into batch: inout TraceBatch
  ) {
    if snapshots.isOpen && line.byte != UInt8(ascii: "#") {
      // Blank lines and NUL padding end nothing.
      if line.isAtEnd { return }
      snapshots.breakOff(origin, into: &batch)
    }
    if !torn.isEmpty && line.byte != UInt8(ascii: "#") {
      if isMessage(line) { return }
      if !isWholeLine(line) && heal(line, origin, into: &batch) { return }
      giveUpTorn(into: &batch)
    }
    let verdict = decodeLine(line, origin, into: &batch)
    if case .done = verdict { return }
    retry(line, origin, verdict, into: &batch)
  }

  /// Puts the torn line together with its continuation; false if that makes no sense.
  private mutating func heal(
    _ line: ByteCursor, _ origin: LineOrigin, into batch: inout TraceBatch
  ) -> Bool {
    let source = Int(origin.source)
    if torn.text.count + line.count > TornLine.maximum { return false }
    let clock = clocks[source]
    clocks[source] = torn.clock
    var healed = LineBuffer()
    let text = healed.assign(torn.text, line.rest)
    let verdict = decodeLine(text, origin, into: &batch)
    switch verdict {
    case .done:
      torn.clear()
      return true
    case .torn(let message):
      keepTorn(text.slice(to: message), origin, torn.clock, nil)
      return true
    case .failed(let problem, let name):
      if let message = message(endOf: text, after: problem) {
        let reason = problem.message(call: name.map { "\($0.text)" })
        keepTorn(text.slice(to: message), origin, torn.clock, reason)
        return true
      }
      clocks[source] = clock
      return false
    }
  }

  /// Where in `line` a message begins that runs from somewhere behind the problem to its end.
  private func message(endOf line: ByteCursor, after problem: Problem) -> ByteCursor? {
    guard let message = TornLine.messageAtEnd(after: problem.position) else { return nil }
    // A second half is read from a copy that has the first before it: only the ends are the same.
    guard message.count < line.count else { return nil }
    var position = line
    position.advance(line.count - message.count)
    return position
  }

  private mutating func keepTorn(
    _ part: ByteSlice, _ origin: LineOrigin, _ clock: LogClock, _ message: String?
  ) {
    torn.set(part, origin, clock, message: message)
  }

  /// The line is whole by itself, so that it cannot be the continuation of another.
  private func isWholeLine(_ line: ByteCursor) -> Bool {
    var cursor = line
    _ = LinePrefix(&cursor)
    if cursor.starts(with: "+++ ") || cursor.starts(with: "--- ") || cursor.starts(with: "<... ") {
      return true
    }
    guard cursor.byte >= UInt8(ascii: "_") else { return false }
    if case .none = names.take(from: &cursor) { return false }
    return cursor.byte == UInt8(ascii: "(")
  }

  /// Reports a torn line whose continuation never came, if it is one of a call that is decoded.
  mutating func giveUpTorn(into batch: inout TraceBatch) {
    if let message = torn.message { malformed(message, torn.origin, into: &batch) }
    torn.clear()
  }

  /// Second look at a line that could not be decoded: it may be torn, coloured or padded.
  @inline(never)
  mutating func retry(
    _ line: ByteCursor, _ origin: LineOrigin, _ verdict: Verdict,
    into batch: inout TraceBatch
  ) {
    var clock = clocks[Int(origin.source)]
    clock.takeBack()
    if let text = LineCleaner.clean(line) {
      clocks[Int(origin.source)] = clock
      let copy = cleaned.assign(text)
      let second = decodeLine(copy, origin, into: &batch)
      if case .done = second { return }
      return conclude(copy, origin, second, clock, into: &batch)
    }
    conclude(line, origin, verdict, clock, into: &batch)
  }

  private mutating func conclude(
    _ line: ByteCursor, _ origin: LineOrigin, _ verdict: Verdict, _ clock: LogClock,
    into batch: inout TraceBatch
  ) {
    switch verdict {
    case .done:
      return
    case .torn(let message):
      keepTorn(line.slice(to: message), origin, clock, nil)
    case .failed(let problem, let name):
      let reason = problem.message(call: name.map { "\($0.text)" })
      if name != nil, !origin.isUnterminated,
        let message = message(endOf: line, after: problem),
        message.distance(from: line) < TornLine.maximum
      {
        keepTorn(line.slice(to: message), origin, clock, reason)
      } else {
        malformed(reason, origin, into: &batch)
      }
    }
  }
}
