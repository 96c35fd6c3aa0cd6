import SyscallABI

/// One file of `strace -ff` while it is merged with the others.
///
/// It is opened when its first line is due and closed at its end, so that only the files of
/// processes that live at the same time are open together.
final class ProcessLog {
  let path: String
  let pid: PID
  let source: UInt32
  /// The time of the line that comes next; nil in a log without absolute times.
  private(set) var time: Int64?
  /// The call that returned this pid has been seen, or lines of this file have.
  var isCreated = false
  /// Some other file has the call that returns this pid.
  var isKnownChild = false
  /// Counts the creations: in logs without times, the youngest process goes first.
  var generation: Int64 = 0

  private var file: SingleFeed?
  private var clock = LogClock()
  private let options: TraceReader.Options
  private(set) var linesRead: UInt64 = 0
  private(set) var bytesRead: UInt64 = 0
  private(set) var compressedBytesRead: UInt64 = 0
  private(set) var totalCompressedBytes: UInt64?
  /// The kind of the first time in the file, for days that begin within the trace.
  private(set) var timeKind = LinePrefix.Kind.none

  init(
    _ file: TraceInput.ProcessFile, source: UInt32, options: TraceReader.Options
  ) throws(TraceError) {
    path = file.path
    pid = PID(file.pid)
    self.source = source
    // Many files are open together: each is inflated where it is decoded.
    self.options = TraceReader.Options(
      isPipelined: false, itemsPerBatch: options.itemsPerBatch)
    try probe()
  }

  /// Reads the time of the first line that has one.
  private func probe() throws(TraceError) {
    let source = try BatchReader.open(path, options)
    totalCompressedBytes = source.totalCompressedBytes
    var lines = LineReader(source, capacity: LineReader.smallCapacity)
    while let line = try? lines.next() {
      var cursor = line
      let prefix = LinePrefix(&cursor)
      if prefix.kind != .none {
        timeKind = prefix.kind
        time = prefix.absolute
        return
      }
      // Without a time in a call's line, there is none in the others.
      if !line.isAtEnd { return }
    }
  }

  /// The file begins so many days after the trace's first day.
  func begin(onDay day: Int64) {
    clock.firstDay = day
    if timeKind == .clock, let first = time { time = first + day * 86_400_000_000_000 }
  }

  var firstDay: Int64 { clock.firstDay }

  /// Goes to the next line; false at the end.
  ///
  /// - Throws: what reading throws; the file has ended then.
  func advance() throws(TraceError) -> Bool {
    let file = try opened()
    do throws(TraceError) {
      guard let line = try file.lines.next() else {
        close()
        return false
      }
      linesRead = file.lines.lineNumber
      bytesRead = file.lines.bytesRead
      compressedBytesRead = file.lines.compressedBytesRead
      var cursor = line
      let prefix = LinePrefix(&cursor)
      if prefix.kind != .none { time = clock.time(of: prefix).nanoseconds }
      return true
    } catch {
      close()
      var located = error
      located.line = linesRead
      throw located
    }
  }

  private func opened() throws(TraceError) -> SingleFeed {
    if let file { return file }
    let opened = SingleFeed(
      try BatchReader.open(path, options), capacity: LineReader.smallCapacity)
    file = opened
    return opened
  }

  private func close() {
    file = nil
    hasEnded = true
  }

  private(set) var hasEnded = false
  /// A line of this file is at hand.
  var hasBegun: Bool { file != nil }

  /// The line at hand is one of a stack, and belongs to the one before it.
  var isAtFrame: Bool { file.map { StackLines.isFrame($0.lines.currentLine) } ?? false }

  /// Decodes the line that `advance` went to.
  func decode(with decoder: inout StraceDecoder, into batch: inout TraceBatch) {
    guard let file else { return }
    let origin = LineOrigin(
      line: file.lines.lineNumber, source: source, pid: pid,
      isUnterminated: file.lines.isUnterminated, isElided: file.lines.isElided)
    if decoder.stacks.areKept {
      decoder.decodeWithStacks(file.lines.currentLine, origin, into: &batch)
    } else {
      decoder.decode(file.lines.currentLine, origin, into: &batch)
    }
  }

  /// The pids that calls in this file return, up to the time `limit` (to its end without times).
  ///
  /// - Complexity: O(bytes up to there); reads the file a second time.
  func children(until limit: Int64?) -> Set<PID> {
    guard let source = try? BatchReader.open(path, options) else { return [] }
    var lines = LineReader(source, capacity: LineReader.smallCapacity)
    var decoder = StraceDecoder(paths: PathTable())
    var clock = self.clock
    var batch = TraceBatch()
    var children: Set<PID> = []
    while let line = try? lines.next() {
      var cursor = line
      let prefix = LinePrefix(&cursor)
      if let limit, prefix.kind != .none, clock.time(of: prefix).nanoseconds > limit { break }
      batch.removeAll()
      decoder.decode(line, LineOrigin(line: lines.lineNumber, pid: pid), into: &batch)
      for item in batch.items { item.child.map { _ = children.insert($0) } }
    }
    return children
  }
}

extension TraceItem {
  /// The pid that a completed fork, vfork, clone or clone3 returned.
  var child: PID? {
    guard case .completed(let event) = self, event.result.outcome == .returned,
      event.result.value > 0, event.result.value < 1 << 31
    else { return nil }
    switch event.call {
    case .fork, .clone, .clone3: return PID(Int32(event.result.value))
    default: return nil
    }
  }
}
