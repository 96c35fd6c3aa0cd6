import SyscallABI

/// The faults of a list, one line after another.
final class FaultLines {
  private var lines: LineReader
  private let path: String
  /// Added to all times, in nanoseconds.
  private var offset: Int64 = 0

  init(_ source: any ByteSource, path: String) throws(TraceError) {
    self.path = path
    lines = LineReader(
      try Compression.open(source, path: path), capacity: LineReader.smallCapacity)
  }

  /// An error at the line last read.
  func error(_ message: String) -> TraceError {
    TraceError(.notATrace, path: path, line: lines.lineNumber, message: message)
  }

  /// The next fault; nil at the end.
  func next() throws(TraceError) -> PageFault? {
    do throws(TraceError) {
      while let line = try lines.next() {
        if let fault = try read(line) { return fault }
      }
      return nil
    } catch {
      var located = error
      located.line = lines.lineNumber
      throw located
    }
  }

  /// The fault on a line; nil for a line that may stand in a list and has none.
  private func read(_ line: ByteCursor) throws(TraceError) -> PageFault? {
    var cursor = line
    cursor.skipBlanks()
    if cursor.isAtEnd { return nil }
    if cursor.take(UInt8(ascii: "#")) {
      try readComment(cursor)
      return nil
    }
    if let event = PerfLine(cursor) { return try fault(of: event) }
    // What perf adds below an event: the frames of its stack.
    if line.byte == UInt8(ascii: "\t") { return nil }
    return try ownForm(cursor)
  }

  /// `# offset 1700000000.123456`
  private func readComment(_ start: ByteCursor) throws(TraceError) {
    var cursor = start
    cursor.skipBlanks()
    guard cursor.take("offset ") else { return }
    let isNegative = cursor.take(UInt8(ascii: "-"))
    guard let value = cursor.nanoseconds(), cursor.isAtEnd else {
      throw error("`# offset` wants a number of seconds, not '\(cursor.rest.prefix(40).text)'")
    }
    offset = isNegative ? -value : value
  }

  private func time(_ nanoseconds: Int64) -> PageFault.Moment {
    .time(SyscallEvent.Timestamp(nanoseconds: nanoseconds &+ offset))
  }

  /// `PID TIME|@LINE 0xADDRESS w|r`
  private func ownForm(_ start: ByteCursor) throws(TraceError) -> PageFault {
    var cursor = start
    guard let pid = cursor.decimal(), pid < 1 << 31, cursor.skipsBlank() else {
      throw wrong(cursor, "a pid")
    }
    let moment: PageFault.Moment
    if cursor.take(UInt8(ascii: "@")) {
      guard let line = cursor.decimal(), cursor.skipsBlank() else {
        throw wrong(cursor, "the number of a line behind '@'")
      }
      moment = .line(line)
    } else {
      guard let value = cursor.nanoseconds(), cursor.skipsBlank() else {
        throw wrong(cursor, "a time in seconds, or @LINE")
      }
      moment = time(value)
    }
    guard cursor.take("0x"), let address = cursor.hexadecimal(), cursor.skipsBlank() else {
      throw wrong(cursor, "an address (0x…)")
    }
    let isWrite = cursor.take(UInt8(ascii: "w"))
    guard isWrite || cursor.take(UInt8(ascii: "r")) else { throw wrong(cursor, "w or r") }
    cursor.skipBlanks()
    guard cursor.isAtEnd else { throw wrong(cursor, "the end of the line") }
    return PageFault(
      thread: PID(Int32(pid)), moment: moment, address: Address(address), isWrite: isWrite)
  }

  private func wrong(_ cursor: ByteCursor, _ expected: String) -> TraceError {
    let found = cursor.isAtEnd ? "the end of the line" : "'\(cursor.rest.prefix(40).text)'"
    return error(
      "\(expected) is expected, not \(found); a line is PID TIME|@LINE 0xADDRESS w|r, or one of "
        + "`perf script`")
  }

  private func fault(of event: PerfLine) throws(TraceError) -> PageFault? {
    if event.isPageFaultCount {
      throw error(
        "the event page-faults does not tell writes from reads: record exceptions:page_fault_user")
    }
    guard event.isFault else { return nil }
    guard let address = event.address, let code = event.errorCode else {
      throw error(
        "a fault without address= and error_code=: print them with `perf script -F +trace`")
    }
    return PageFault(
      thread: event.thread, moment: time(event.nanoseconds), address: address,
      isWrite: code & 2 != 0)
  }
}

extension ByteCursor {
  /// `12.345` as nanoseconds.
  mutating func nanoseconds() -> Int64? {
    guard let seconds = decimal(), seconds < 1 << 33 else { return nil }
    var value = Int64(seconds) * 1_000_000_000
    if take(UInt8(ascii: ".")) {
      guard let fraction = fractionInNanoseconds() else { return nil }
      value += fraction
    }
    return value
  }

  /// Goes over at least one blank; false if there is none.
  fileprivate mutating func skipsBlank() -> Bool {
    let start = self
    skipBlanks()
    return distance(from: start) > 0
  }
}
