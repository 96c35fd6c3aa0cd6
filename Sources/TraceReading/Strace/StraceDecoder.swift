import SyscallABI

/// Where a line comes from, and what the file's name says of it.
struct LineOrigin: BitwiseCopyable {
  /// Counted from 1.
  var line: UInt64
  var source: UInt32 = 0
  /// The pid in the name of a file of `strace -ff`.
  var pid = PID.none
  /// The log ends in the middle of the line, or right behind it without a newline.
  var isUnterminated = false
  /// The middle of the line was too long to be kept.
  var isElided = false
}

/// Decodes the lines of a strace log, in their order, into items.
///
/// Pure: bytes in, items out. Nothing is allocated per line; a line is read from its beginning to
/// its end once, and looked at again only if that failed.
struct StraceDecoder: ~Copyable {
  let names = CallNames()
  var calls: CallDecoder
  var pending = PendingCalls()
  /// One for each source.
  var clocks: [LogClock] = [LogClock()]
  var snapshots: SnapshotReader
  var usual = UsualPrefix()
  var torn = TornLine()
  var stacks = StackLines()
  /// First halves of calls on descriptors, by the thread that makes them.
  var descriptorHalves: [PID: [UInt8]] = [:]
  var joined = LineBuffer()
  var cleaned = LineBuffer()
  /// Inside the table of -c or -C, whose rows look like nothing else.
  var isInSummary = false
  /// Calls of this log have durations (`-T`): a last line without one is cut off.
  var hasDurations = false
  /// The number of lines that were lines of strace.
  var straceLines: UInt64 = 0

  init(paths: PathTable) {
    calls = CallDecoder(paths: paths)
    snapshots = SnapshotReader(paths: paths)
  }

  /// Decodes one line.
  @inline(__always)
  mutating func decode(_ line: ByteCursor, _ origin: LineOrigin, into batch: inout TraceBatch) {
    if torn.isEmpty && !snapshots.isOpen {
      let verdict = decodeLine(line, origin, into: &batch)
      if case .done = verdict { return }
      retry(line, origin, verdict, into: &batch)
    } else {
      decodeInContext(line, origin, into: &batch)
    }
  }

  /// Decodes one line of a log whose stacks are kept.
  mutating func decodeWithStacks(
    _ line: ByteCursor, _ origin: LineOrigin, into batch: inout TraceBatch
  ) {
    if stacks.take(line, source: origin.source, into: &batch) { return }
    let count = batch.items.count
    decode(line, origin, into: &batch)
    stacks.begin(batch, from: count, source: origin.source)
  }

  /// What came out of a look at a line.
  enum Verdict {
    case done
    /// A line that cannot be decoded, for the given reason; the name of the call, if it is one.
    case failed(Problem, SyscallName?)
    /// The line of another call, torn by a message that starts at the position.
    case torn(ByteCursor)
  }

  @inline(__always)
  mutating func decodeLine(
    _ line: ByteCursor, _ origin: LineOrigin, into batch: inout TraceBatch
  ) -> Verdict {
    var cursor = line
    if cursor.byte == UInt8(ascii: "#") || cursor.isAtEnd {
      if !cursor.isAtEnd { snapshots.read(cursor, origin, into: &batch) }
      return .done
    }
    var prefix = LinePrefix()
    if !usual.read(&cursor, into: &prefix) {
      prefix = LinePrefix(&cursor)
      usual.learn(line, cursor, prefix)
    }
    let time = clocks[Int(origin.source)].time(of: prefix)
    if origin.pid != .none { prefix.pid = origin.pid }
    let context = LineContext(line: line, origin: origin, pid: prefix.pid, time: time)
    if let name = cursor.takePlainName() {
      straceLines += 1
      return decodeCall(name, cursor, context, into: &batch)
    }
    if cursor.word & 0xffff_ffff == 0x2e2e_2e3c {  // "<..."
      isInSummary = false
      return decodeResumed(cursor, context, into: &batch)
    }
    if cursor.byte >= UInt8(ascii: "_") {
      let start = cursor
      switch names.take(from: &cursor) {
      case .call(let name) where cursor.byte == UInt8(ascii: "("):
        straceLines += 1
        cursor.advance()
        return decodeCall(name, cursor, context, into: &batch)
      case .other where cursor.byte == UInt8(ascii: "("):
        let verdict = otherCall(cursor, context)
        if Self.mayBeDescriptorCall(start.word), case .done = verdict {
          decodeDescriptorCall(start, context, into: &batch)
        }
        return verdict
      default:
        cursor = start
      }
    }
    return decodeOther(cursor, prefix, context, into: &batch)
  }

  /// The parts of an event that the line's prefix gives.
  struct LineContext: BitwiseCopyable {
    var line: ByteCursor
    var origin: LineOrigin
    var pid: PID
    var time: SyscallEvent.Timestamp
  }

  /// The line of a call that is not decoded.
  @inline(__always)
  private mutating func otherCall(_ cursor: ByteCursor, _ context: LineContext) -> Verdict {
    // Most lines end in a digit, `>`, `)` or `?`; what strace says of itself in `d` or `]`.
    let last = context.line.lastByte
    if last == UInt8(ascii: "d") || last == UInt8(ascii: "]"),
      let message = TornLine.messageAtEnd(after: cursor)
    {
      return .torn(message)
    }
    if context.origin.isUnterminated || straceLines == 0 {
      guard isWholeCall(cursor) else {
        let kind: Problem.Kind = context.origin.isUnterminated ? .cutOff : .notStrace
        return .failed(Problem(kind: kind, position: context.line), nil)
      }
    }
    straceLines += 1
    return .done
  }

  /// Whether what begins with a call's parenthesis has a result, or says that it is a first half.
  private func isWholeCall(_ cursor: ByteCursor) -> Bool {
    let rest = cursor.rest
    if rest.hasSuffix("...>") { return true }
    guard let equals = cursor.findLast("= "), equals.previousByte == UInt8(ascii: " ") else {
      return false
    }
    let value = equals.byte(at: 2)
    if value == UInt8(ascii: "?") || rest.hasSuffix(">") { return true }
    return value != UInt8(ascii: "\n") && !hasDurations && equals.find(" <") == nil
  }

  mutating func malformed(
    _ problem: Problem, _ name: SyscallName?, _ origin: LineOrigin, into batch: inout TraceBatch
  ) {
    malformed(problem.message(call: name.map { "\($0.text)" }), origin, into: &batch)
  }

  mutating func malformed(_ message: String, _ origin: LineOrigin, into batch: inout TraceBatch) {
    batch.items.append(.malformed(batch.malformed.count))
    batch.malformed.append(
      MalformedLine(line: origin.line, source: origin.source, message: message))
  }
}
