import SystemPackage

/// Runs strace and makes one file of its log and of the maps that the kernel shows meanwhile.
///
/// strace writes into a named pipe. When a line tells of an execve or of an exit, an injected
/// delay holds that task: strace is stopped, what it has written is read, and the snapshot comes
/// right behind it. See `Stillness` for why the map stands still then.
struct Recorder: ~Copyable {
  let strace: Int32
  let log: FileDescriptor
  let pipe: (folder: String, path: String)
  var text: RecordingLog
  var file: RecordingFile
  var signals: JobSignals
  /// What strace has to say; nil if it says that to the user directly.
  private var messagePipe: FileDescriptor?
  private var messages = StraceMessages()
  /// Snapshots that came too late.
  private(set) var missed = 0
  private var buffer = [UInt8](repeating: 0, count: 65_536)
  private var hasEnded = false
  private var pipeIsRemoved = false

  init(
    strace: Int32, log: FileDescriptor, pipe: (folder: String, path: String),
    file: consuming RecordingFile, signals: JobSignals, messagePipe: FileDescriptor?,
    text: RecordingLog
  ) {
    self.strace = strace
    self.log = log
    self.pipe = pipe
    self.file = file
    self.signals = signals
    self.messagePipe = messagePipe
    self.text = text
  }

  /// The recorded program has been started.
  var hasProgram: Bool { text.program != nil }

  /// Records until every traced process has ended.
  ///
  /// - Returns: how strace ended, which is how the program ended.
  mutating func run() throws -> RecordingPlatform.End {
    var end: RecordingPlatform.End?
    while end == nil {
      let sources = [log, signals.pipe] + (messagePipe.map { [$0] } ?? [])
      RecordingPlatform.wait(
        for: sources, milliseconds: signals.arePending || !hasProgram ? 50 : 1000)
      let due = try readLog(pausesForDue: true)
      if !due.isEmpty { try takeSnapshots(due) }
      writeFinished()
      try passMessagesOn()
      signals.act(on: &text, strace: strace)
      // Without a writer the pipe is at its end, also before strace has opened it.
      if hasEnded { end = RecordingPlatform.end(of: strace, waits: pipeIsRemoved) }
    }
    _ = try readLog(pausesForDue: false)
    text.close()
    try passMessagesOn()
    writeFinished()
    removePipe()
    return end ?? .exited(0)
  }

  mutating func finish() throws { try file.close() }

  private mutating func removePipe() {
    guard !pipeIsRemoved else { return }
    RecordingPlatform.removePipe(pipe)
    pipeIsRemoved = true
  }

  private mutating func passMessagesOn() throws {
    guard let pipe = messagePipe else { return }
    while let count = try RecordingPlatform.read(pipe, into: &buffer) {
      if count == 0 {
        messagePipe = nil
        return
      }
      // There is no better place to say that standard error is closed.
      try? RecordingPlatform.write(messages.absorb(buffer[..<count])[...], to: .standardError)
    }
  }

  private mutating func writeFinished() {
    let lines = text.takeFinished()
    if !lines.isEmpty { file.write(lines) }
  }

  /// Takes in what strace has written so far.
  ///
  /// - Parameter pausesForDue: return as soon as a snapshot is due, since the delay runs.
  private mutating func readLog(pausesForDue: Bool) throws -> [TracedTasks.Due] {
    var due: [TracedTasks.Due] = []
    hasEnded = false
    while let count = try RecordingPlatform.read(log, into: &buffer) {
      if count == 0 {
        hasEnded = true
        break
      }
      removePipe()
      due += text.absorb(buffer[..<count])
      if pausesForDue, !due.isEmpty || signals.arePending { break }
      // Lines do not wait in memory; but if a snapshot is due, it comes first.
      if due.isEmpty { writeFinished() }
    }
    return due
  }

  private mutating func takeSnapshots(_ first: [TracedTasks.Due]) throws {
    var isWorthStopping = false
    for item in first where isWorth(item) { isWorthStopping = true }
    guard isWorthStopping else { return }
    let stillness = Stillness(strace: strace)
    guard stillness.begin() else { return }
    defer { stillness.end() }
    // What has been written before the stop comes before the snapshots.
    let due = first + (try readLog(pausesForDue: false))
    for (index, item) in due.enumerated() where !due[(index + 1)...].contains(item) {
      take(item, among: due)
    }
  }

  /// The exit of a thread with living siblings needs no snapshot: one of them will be the last.
  private func isWorth(_ due: TracedTasks.Due) -> Bool {
    guard case .threadExit(let pid) = due else { return true }
    return isLastThread(pid)
  }

  private func isLastThread(_ pid: Int32) -> Bool {
    for task in Stillness.tasks(ofProcessOf: pid) where task != pid && !text.tasks.isExiting(task) {
      if let state = Stillness.state(ofTask: task, in: pid), !state.isGone { return false }
    }
    return true
  }

  private mutating func take(_ item: TracedTasks.Due, among due: [TracedTasks.Due]) {
    switch item {
    case .exec(let pid):
      insert(pid) { pid throws(Errno) in try SnapshotText.afterExec(of: pid) }
    case .exit(let pid): takeExit(pid)
    case .threadExit(let pid): if isLastThread(pid) { takeExit(pid) }
    case .check(let pid):
      // The map that an execve has made is about to be read anyway, and sets the model's.
      guard !due.contains(.exec(pid: pid)), !due.contains(.exec(pid: text.tasks.process(of: pid)))
      else { return }
      // One that comes too late is left out: another will follow.
      if let lines = try? SnapshotText.check(of: pid) { text.insert(lines) }
    }
  }

  private mutating func takeExit(_ pid: Int32) {
    guard !text.tasks.isExitRecorded(pid) else { return }
    insert(pid) { pid throws(Errno) in try SnapshotText.beforeExit(of: pid) }
    text.exitRecorded(pid)
  }

  private mutating func insert(_ pid: Int32, _ read: (Int32) throws(Errno) -> String) {
    do {
      text.insert(try read(pid))
    } catch {
      if error == SnapshotText.tooLate { missed += 1 }
      text.insert("# no-maps \(pid) \(error.rawValue)\n")
    }
  }
}
