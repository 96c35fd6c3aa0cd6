import ArgumentParser
import SystemPackage

/// `vmareplay record -o FILE.strace.gz -- COMMAND`.
struct RecordCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Run a program under strace and record what it does to its address spaces.",
    discussion: """
      The recording is one gzip file: the log of strace with the calls that change an address \
      space, and between its lines, as comments that begin with #, the machine, the map right \
      after each execve, and the map that the kernel had before each process ended.

      The program keeps standard input, output and error, its process group and its signals; \
      Ctrl-C and Ctrl-Z work as without the recorder. Each execve and each exit is delayed a \
      little, so that the map can be read. Recording ends when every process that the program \
      started has ended.

      The exit status is the program's (128 + signal if one killed it). Before the program \
      starts, and if the file cannot be written: 66 strace is missing, 73 the recording cannot \
      be made, 74 writing failed, 126 and 127 as a shell says them of a command.
      """)

  @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "file"))
  var output: String

  @Option(
    name: [.customShort("E"), .customLong("env")],
    help: ArgumentHelp(
      "Set a variable for the program alone. Can be repeated.", valueName: "name=value"))
  var environment: [String] = []

  @Flag(help: "Also record calls on descriptors: open, openat, creat, dup, fcntl, close ….")
  var files = false

  @Option(
    help: ArgumentHelp(
      "Also read the map of a process after every so many of its calls that change it, for "
        + "verify.", valueName: "n"))
  var checkEvery: Int?

  @Option(
    help: ArgumentHelp(
      "Also list the page faults of the program in this file, for --faults of the other "
        + "commands. Needs perf, and root or CAP_PERFMON.", valueName: "file"))
  var faults: String?

  @Option(
    help: ArgumentHelp(
      "How long each execve and exit is held. More on a busy machine.",
      valueName: "milliseconds"))
  var delay = 50

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The program and its arguments.", valueName: "command"))
  var command: [String]

  func validate() throws {
    guard (1...10_000).contains(delay) else {
      throw ValidationError("--delay is from 1 to 10000 milliseconds.")
    }
    guard checkEvery.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--check-every is at least 1.")
    }
    guard environment.allSatisfy({ $0.contains("=") && !$0.hasPrefix("=") }) else {
      throw ValidationError("--env takes NAME=VALUE.")
    }
    guard let name = words.first else { throw ValidationError("No command to record.") }
    guard !name.contains("=") else {
      throw ValidationError("A command with '=' in its name cannot be recorded: '\(name)'.")
    }
  }

  /// The command without the `--` before it.
  private var words: [String] { command.first == "--" ? Array(command.dropFirst()) : command }

  func run() async throws {
    do {
      let session = RecordingSession(
        output: output, environment: environment, tracesFiles: files,
        delayMicroseconds: delay * 1000, command: words,
        faults: faults, checkEvery: checkEvery ?? 0)
      let status = try await session.run { message in Self.say(message) }
      guard status == 0 else { throw ExitCode(status) }
    } catch let failure as RecordingFailure {
      Self.say(failure.message)
      throw ExitCode(failure.status)
    }
  }

  private static func say(_ message: String) {
    // Nothing is left to do if even this cannot be written.
    try? RecordingPlatform.write(
      Array("vmareplay record: \(message)\n".utf8)[...], to: .standardError)
  }
}
