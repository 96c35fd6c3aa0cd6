/// Turns the text that strace writes into the text of a recording. Pure: it does no I/O itself.
///
/// What the launcher does is cut, up to the execve of the program. Marks of the injected delays are
/// taken out.
struct RecordingLog {
  private(set) var tasks: TracedTasks
  /// The recorded program's pid, from its execve on.
  private(set) var program: Int32?
  /// Job control has stopped the program, and it has not gone on since.
  private(set) var programIsStopped = false
  /// Names of the signals that the program got since the recorder last emptied this.
  var signalsOfProgram: Set<String> = []
  /// Every task that the log has shown; nil if nobody asks for them.
  var shownTasks: Set<Int32>?
  /// After so many calls of a process that change its map, the map is read; 0 for never.
  var checkEvery = 0
  /// Such calls since the last time, by process.
  private var callsSinceCheck: [Int32: Int] = [:]
  /// Complete lines, ready to be written.
  private var finished: [UInt8] = []
  /// The last line as far as it is there.
  private var partial: [UInt8] = []
  /// An exit that began in `partial` has been reported.
  private var partialIsReported = false
  /// How many more execves of the launcher come before the program's.
  private var launcherSteps: Int
  private let delayMicroseconds: Int

  /// - Parameter launcherSteps: how many execves succeed before the program's.
  init(delayMicroseconds: Int, launcherSteps: Int, leader: @escaping (Int32) -> Int32?) {
    self.delayMicroseconds = delayMicroseconds
    self.launcherSteps = launcherSteps
    tasks = TracedTasks(leader: leader)
  }

  /// Takes in the next piece of the log.
  ///
  /// - Returns: what has to be read of the processes now.
  /// - Complexity: O(n) in the length of the piece.
  mutating func absorb(_ bytes: ArraySlice<UInt8>) -> [TracedTasks.Due] {
    var due: [TracedTasks.Due] = []
    var rest = bytes
    while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
      if partial.isEmpty {
        finish(rest[..<newline], isReported: false, &due)
      } else {
        partial += rest[..<newline]
        let line = partial
        partial.removeAll(keepingCapacity: true)
        finish(line[...], isReported: partialIsReported, &due)
      }
      partialIsReported = false
      rest = rest[(newline + 1)...]
    }
    partial += rest
    reportPartial(&due)
    return due
  }

  /// Puts lines of the recorder's own behind the complete lines.
  mutating func insert(_ lines: String) { finished += Array(lines.utf8) }

  mutating func exitRecorded(_ pid: Int32) { tasks.exitRecorded(pid) }

  /// The complete lines since the last time.
  mutating func takeFinished() -> [UInt8] {
    defer { finished.removeAll(keepingCapacity: true) }
    return finished
  }

  /// The log has ended: a last line without its newline is kept as it is.
  mutating func close() {
    if program != nil { finished += partial }
    partial.removeAll()
  }

  /// The end of a process is seen before its line is complete: the delay runs already.
  private mutating func reportPartial(_ due: inout [TracedTasks.Due]) {
    guard program != nil, !partial.isEmpty, !partialIsReported,
      let line = LogLine(partial[...]), line.event == .exitGroupBegun || line.event == .exitBegun
    else { return }
    partialIsReported = true
    tasks.see(line.pid)
    note(line, &due)
  }

  private mutating func finish(
    _ line: ArraySlice<UInt8>, isReported: Bool, _ due: inout [TracedTasks.Due]
  ) {
    let parsed = LogLine(line)
    guard isOfProgram(parsed) else { return }
    if isExecve(line, parsed),
      let plain = CallResult.unmarked(line, delayMicroseconds: delayMicroseconds)
    {
      finished += plain
    } else {
      finished += line
    }
    finished.append(UInt8(ascii: "\n"))
    guard let parsed else { return }
    tasks.see(parsed.pid)
    shownTasks?.insert(parsed.pid)
    if !isReported { note(parsed, &due) }
    if checkEvery > 0, parsed.event == .other, LogLine.endsMapCall(line[parsed.text...]) {
      countCall(of: parsed.pid, &due)
    }
  }

  private mutating func countCall(of pid: Int32, _ due: inout [TracedTasks.Due]) {
    let process = tasks.process(of: pid)
    callsSinceCheck[process, default: 0] += 1
    guard callsSinceCheck[process]! >= checkEvery else { return }
    callsSinceCheck[process] = nil
    due.append(.check(pid: pid))
  }

  /// Whether a line can have the mark of a delay: failed calls have it too.
  private func isExecve(_ line: ArraySlice<UInt8>, _ parsed: LogLine?) -> Bool {
    guard let parsed else { return false }
    let text = line[parsed.text...]
    return text.starts(with: "execve".utf8) || text.starts(with: "<... execve".utf8)
  }

  /// Cuts what belongs to the launcher, which is one process and becomes the program.
  private mutating func isOfProgram(_ line: LogLine?) -> Bool {
    if program != nil { return true }
    guard let line, line.event == .execveCompleted else { return false }
    if launcherSteps == 0 { program = line.pid }
    launcherSteps -= 1
    return program != nil
  }

  private mutating func note(_ line: LogLine, _ due: inout [TracedTasks.Due]) {
    if line.pid == program { noteOfProgram(line.event) }
    switch line.event {
    case .execveCompleted: due.append(tasks.execveCompleted(line.pid))
    case .exitGroupBegun, .exitBegun:
      let whole = line.event == .exitGroupBegun
      if let exit = tasks.exitBegun(line.pid, wholeGroup: whole) { due.append(exit) }
    case .created(let task):
      tasks.created(task, by: line.pid)
      shownTasks?.insert(task)
    case .exited:
      tasks.ended(line.pid)
      callsSinceCheck[line.pid] = nil
    case .killed(let signal):
      guard tasks.killed(line.pid) else { return }
      insert("# no-exit \(line.pid) \(SignalNumber.named(signal).map(String.init) ?? signal)\n")
    case .superseded(let thread): tasks.superseded(line.pid, by: thread)
    case .stopped, .received, .other: break
    }
  }

  private mutating func noteOfProgram(_ event: LogLine.Event) {
    programIsStopped = event == .stopped
    if case .received(let signal) = event { signalsOfProgram.insert(signal) }
  }
}
