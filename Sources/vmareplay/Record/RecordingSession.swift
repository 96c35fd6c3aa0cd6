import SystemPackage

/// One recording from the search for strace to the last byte of the file.
struct RecordingSession {
  var output: String
  var environment: [String]
  var tracesFiles: Bool
  var delayMicroseconds: Int
  var command: [String]
  /// Where page faults are listed; nil for nowhere.
  var faults: String?
  /// The map is read after so many calls that change it; 0 for never.
  var checkEvery = 0

  /// Records.
  ///
  /// - Parameter say: shows a message on standard error.
  /// - Returns: the exit status of the program, as a shell says it.
  /// - Throws: `RecordingFailure`.
  func run(say: (String) -> Void) async throws -> Int32 {
    let strace = try await StraceProgram.find()
    let program = try resolve(command[0])
    guard let env = ProgramSearch.find("env"), let shell = ProgramSearch.find("sh") else {
      throw RecordingFailure(status: 66, message: "there is no 'env' or no 'sh' in PATH")
    }
    let copy = RecordingPlatform.copyOfStandardError()
    let launcher = Launcher(shell: shell, env: env, standardError: copy?.rawValue)
    let words = launcher.arguments(
      environment: RecordingPlatform.environmentStrings, added: environment,
      command: [program] + command.dropFirst())
    let perf = try faults.map { _ in try FaultRecording.start() }
    var recorder: Recorder
    do { recorder = try start(strace, launcher, words) } catch {
      perf?.cancel()
      throw error
    }
    recorder.text.checkEvery = checkEvery
    if perf != nil { recorder.text.shownTasks = [] }
    let end: RecordingPlatform.End
    do {
      try copy?.close()
      end = try recorder.run()
    } catch let error as Errno {
      perf?.cancel()
      throw RecordingFailure.inputOutput("cannot read what strace writes: \(error)")
    }
    let threads = recorder.text.shownTasks ?? []
    try recorder.finish()
    if let perf, let faults {
      let count = try await perf.finish(writing: faults, threads: threads)
      if count == 0 { say("perf has noted no page fault of the program") }
    }
    if recorder.missed > 0 {
      say(
        "\(recorder.missed) maps are missing: the machine was too busy to read them in time; "
          + "a longer --delay (now \(delayMicroseconds / 1000)) gives it more")
    }
    guard recorder.hasProgram || end.status == 126 || end.status == 127 else {
      throw RecordingFailure.cannotCreate(
        "strace could not trace the program (its own message is above); tracing may be forbidden "
          + "here: see kernel.yama.ptrace_scope, seccomp, and whether a tracer runs already")
    }
    return end.status
  }

  private func start(
    _ strace: StraceProgram, _ launcher: Launcher, _ program: [String]
  ) throws -> Recorder {
    var file = try RecordingFile(creating: output)
    file.write(
      HostLine.text(
        strace: strace.version, delayMicroseconds: delayMicroseconds, command: command))
    let pipe = try makePipe()
    do {
      let log = try FileDescriptor.open(
        FilePath(pipe.path), .readOnly, options: [.nonBlocking, .closeOnExec])
      RecordingPlatform.enlarge(log, to: 1 << 20)
      let signals = JobSignals(pipe: try RecordingPlatform.catchSignals())
      let messages =
        launcher.standardError == nil ? nil : try RecordingPlatform.makeMessagePipe()
      let calls = CallFilter.addressSpace + (tracesFiles ? CallFilter.files : [])
      let arguments = strace.arguments(
        log: pipe.path, calls: calls, delayMicroseconds: delayMicroseconds, program: program)
      let pid = try RecordingPlatform.spawn(arguments, standardError: messages?.writeEnd)
      try messages?.writeEnd.close()
      return Recorder(
        strace: pid, log: log, pipe: pipe, file: file, signals: signals,
        messagePipe: messages?.readEnd,
        text: RecordingLog(
          delayMicroseconds: delayMicroseconds, launcherSteps: launcher.steps,
          leader: Stillness.leader(of:)))
    } catch {
      RecordingPlatform.removePipe(pipe)
      throw RecordingFailure.cannotCreate("cannot start strace: \(error)")
    }
  }

  private func makePipe() throws -> (folder: String, path: String) {
    let folder = RecordingPlatform.environment("TMPDIR") ?? "/tmp"
    do { return try RecordingPlatform.makePipe(in: folder) } catch {
      throw RecordingFailure.cannotCreate("cannot make a pipe in '\(folder)': \(error)")
    }
  }

  /// The path of the command, found before strace starts: each failed execve would be delayed.
  private func resolve(_ name: String) throws -> String {
    guard let path = ProgramSearch.find(name) else {
      throw RecordingFailure(status: 127, message: "'\(name)': command not found")
    }
    guard RecordingPlatform.isExecutable(path), !RecordingPlatform.isDirectory(path) else {
      throw RecordingFailure(status: 126, message: "'\(path)' cannot be executed")
    }
    return path
  }
}
