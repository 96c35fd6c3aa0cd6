import SystemPackage

/// One recording from the search for strace to the last byte of the file.
struct RecordingSession {
  var output: String
  var environment: [String]
  var tracesFiles: Bool
  var delayMicroseconds: Int
  var command: [String]

  /// Records.
  ///
  /// - Parameter say: shows a message on standard error.
  /// - Returns: the exit status of the program, as a shell says it.
  /// - Throws: `RecordingFailure`.
  func run(say: (String) -> Void) async throws -> Int32 {
    let strace = try await StraceProgram.find()
    let program = try resolve(command[0])
    guard let launcher = ProgramSearch.find("env") else {
      throw RecordingFailure(status: 66, message: "there is no 'env' in PATH")
    }
    let pipe = try makePipe()
    var recorder: Recorder
    do {
      var file = try RecordingFile(creating: output)
      file.write(
        HostLine.text(
          strace: strace.version, delayMicroseconds: delayMicroseconds, command: command))
      let arguments = strace.arguments(
        log: pipe.path, calls: CallFilter.addressSpace + (tracesFiles ? CallFilter.files : []),
        delayMicroseconds: delayMicroseconds, launcher: launcher, environment: environment,
        command: [program] + command.dropFirst())
      recorder = try start(arguments, pipe: pipe, file: file)
    } catch {
      RecordingPlatform.removePipe(pipe)
      throw error
    }
    let end = try recorder.run()
    try recorder.finish()
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
    _ arguments: [String], pipe: (folder: String, path: String), file: consuming RecordingFile
  ) throws -> Recorder {
    do {
      let log = try FileDescriptor.open(
        FilePath(pipe.path), .readOnly, options: [.nonBlocking, .closeOnExec])
      RecordingPlatform.enlarge(log, to: 1 << 20)
      let signals = JobSignals(pipe: try RecordingPlatform.catchSignals())
      let pid = try RecordingPlatform.spawn(arguments)
      return Recorder(
        strace: pid, log: log, pipe: pipe, file: file, signals: signals,
        delayMicroseconds: delayMicroseconds)
    } catch let error as Errno {
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
