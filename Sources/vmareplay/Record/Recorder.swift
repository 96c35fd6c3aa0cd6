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
  /// Snapshots that came too late.
  private(set) var missed = 0
  private var buffer = [UInt8](repeating: 0, count: 65_536)
  private var hasEnded = false
  private var pipeIsRemoved = false

  init(
    strace: Int32, log: FileDescriptor, pipe: (folder: String, path: String),
    file: consuming RecordingFile, signals: JobSignals, delayMicroseconds: Int
  ) {
    self.strace = strace
    self.log = log
    self.pipe = pipe
    self.file = file
    self.signals = signals
    text = RecordingLog(delayMicroseconds: delayMicroseconds, leader: Stillness.leader(of:))
  }

  /// The recorded program has been started.
  var hasProgram: Bool { text.program != nil }

  /// Records until every traced process has ended.
  ///
  /// - Returns: how strace ended, which is how the program ended.
  mutating func run() throws -> RecordingPlatform.End {
    var end: RecordingPlatform.End?
    while end == nil {
      RecordingPlatform.wait(for: [log, signals.pipe], milliseconds: hasProgram ? 1000 : 50)
      let due = try readLog()
      if !due.isEmpty { try takeSnapshots(due) }
      writeFinished()
      signals.act(on: &text, strace: strace)
      // Without a writer the pipe is at its end, also before strace has opened it.
      if hasEnded { end = RecordingPlatform.end(of: strace, waits: pipeIsRemoved) }
    }
    _ = try readLog()
    text.close()
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

  private mutating func writeFinished() {
    let lines = text.takeFinished()
    if !lines.isEmpty { file.write(lines) }
  }

  /// Takes in all that strace has written so far.
  private mutating func readLog() throws -> [TracedTasks.Due] {
    var due: [TracedTasks.Due] = []
    hasEnded = false
    while let count = try RecordingPlatform.read(log, into: &buffer) {
      if count == 0 {
        hasEnded = true
        break
      }
      removePipe()
      due += text.absorb(buffer[..<count])
      // Lines wait for the disk, not in memory; but a snapshot must not wait.
      if !due.isEmpty || signals.arePending { break }
      writeFinished()
    }
    return due
  }

  private mutating func takeSnapshots(_ first: [TracedTasks.Due]) throws {
    var isWorthStopping = false
    for item in first where isWorth(item) { isWorthStopping = true }
    guard isWorthStopping else { return }
    let stillness = Stillness(strace: strace)
    guard stillness.begin() else { return }
    var due = first
    // What has been written before the stop comes before the snapshots.
    while true {
      let length = due.count
      let more = try readLog()
      due += more
      if hasEnded || (more.isEmpty && due.count == length) { break }
    }
    for item in due { take(item) }
    stillness.end()
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

  private mutating func take(_ due: TracedTasks.Due) {
    switch due {
    case .exec(let pid):
      insert(pid) { pid throws(Errno) in try SnapshotText.afterExec(of: pid) }
    case .exit(let pid):
      insert(pid) { pid throws(Errno) in try SnapshotText.beforeExit(of: pid) }
      text.exitRecorded(pid)
    case .threadExit(let pid):
      guard isLastThread(pid) else { return }
      insert(pid) { pid throws(Errno) in try SnapshotText.beforeExit(of: pid) }
      text.exitRecorded(pid)
    }
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
