import Subprocess
import SyscallABI
import SystemPackage
import TraceReading

/// Page faults of the recorded program, which strace cannot see: perf notes them meanwhile.
///
/// perf watches the recorder itself from before strace is started, and all that it starts inherits
/// that; what belongs to others than the program is left out at the end.
struct FaultRecording {
  private let perf: String
  private let process: Int32
  private let pipes: (control: FileDescriptor, answer: FileDescriptor)
  private let folder: String
  /// What the clock of the log is ahead of the one that perf can use, in nanoseconds.
  private let clockOffset: Int64

  private static let events = [
    "-e", "exceptions:page_fault_user", "-e", "exceptions:page_fault_kernel",
  ]

  /// Starts perf and waits until it watches.
  ///
  /// - Throws: `RecordingFailure`: perf is missing, or may not do this.
  static func start() throws -> Self {
    guard let perf = ProgramSearch.find("perf") else {
      throw RecordingFailure.cannotCreate(
        "perf, which notes page faults, is not installed (Debian: package 'linux-perf')")
    }
    let parent = RecordingPlatform.environment("TMPDIR") ?? "/tmp"
    do {
      let folder = try RecordingPlatform.makeFolder(in: parent)
      do { return try start(perf, folder) } catch {
        RecordingPlatform.remove(Self.files(in: folder), folder: folder)
        throw error
      }
    } catch let error as Errno {
      throw RecordingFailure.cannotCreate("cannot start perf: \(error)")
    }
  }

  private static func start(_ perf: String, _ folder: String) throws -> Self {
    for name in ["control", "answer"] { try RecordingPlatform.makePipe(at: "\(folder)/\(name)") }
    let errors = try FileDescriptor.open(
      FilePath("\(folder)/errors"), .writeOnly, options: [.create, .closeOnExec],
      permissions: .ownerReadWrite)
    // Open for both, so that opening does not wait for perf.
    let control = try FileDescriptor.open(
      FilePath("\(folder)/control"), .readWrite, options: [.closeOnExec, .nonBlocking])
    let answer = try FileDescriptor.open(
      FilePath("\(folder)/answer"), .readWrite, options: [.closeOnExec, .nonBlocking])
    // In a session of its own: signals of the terminal are the program's.
    let session = ProgramSearch.find("setsid").map { [$0] } ?? []
    let arguments =
      session + [perf, "record", "-q", "-k", "monotonic", "--delay=-1"]
      + ["--control", "fifo:\(folder)/control,\(folder)/answer", "-o", "\(folder)/data"]
      + events + ["-p", String(RecordingPlatform.ownPID)]
    let process = try RecordingPlatform.spawn(arguments, standardError: errors)
    try errors.close()
    let recording = Self(
      perf: perf, process: process, pipes: (control, answer), folder: folder,
      clockOffset: RecordingPlatform.clockOffset())
    try RecordingPlatform.write(Array("enable\n".utf8)[...], to: control)
    try recording.waitUntilReady()
    return recording
  }

  private func waitUntilReady() throws {
    let limit = RecordingPlatform.now() + 20_000_000
    var buffer = [UInt8](repeating: 0, count: 64)
    while true {
      RecordingPlatform.wait(for: [pipes.answer], milliseconds: 50)
      if let count = try RecordingPlatform.read(pipes.answer, into: &buffer), count > 0 { return }
      let hasEnded = RecordingPlatform.end(of: process, waits: false) != nil
      guard hasEnded || RecordingPlatform.now() > limit else { continue }
      if !hasEnded { RecordingPlatform.send(RecordingPlatform.killIt, to: process) }
      let said = RecordingPlatform.text(of: "\(folder)/errors") ?? ""
      let lines = said.split(separator: "\n").map { $0.drop { $0 == " " } }.filter { !$0.isEmpty }
      throw RecordingFailure.cannotCreate(
        "perf cannot note page faults here: \(lines.prefix(3).joined(separator: " ")); it needs "
          + "the tracepoints exceptions:page_fault_*, and root or CAP_PERFMON")
    }
  }

  /// Ends perf and writes the list.
  ///
  /// - Parameter threads: the threads of the program.
  /// - Returns: the number of faults.
  /// - Throws: `RecordingFailure`.
  func finish(writing path: String, threads: Set<Int32>) async throws -> Int {
    defer { close() }
    RecordingPlatform.send(RecordingPlatform.interrupt, to: process)
    _ = RecordingPlatform.end(of: process, waits: true)
    do {
      let text = try FileDescriptor.open(
        FilePath("\(folder)/text"), .writeOnly, options: [.create, .closeOnExec],
        permissions: .ownerReadWrite)
      _ = try await Subprocess.run(
        .path(FilePath(perf)),
        arguments: ["script", "-i", "\(folder)/data", "--ns", "-F", "tid,time,event,trace"],
        output: .fileDescriptor(text, closeAfterSpawningProcess: true), error: .discarded)
      let list = try FaultList(path: "\(folder)/text")
      return try write(list, to: path, threads)
    } catch let error as TraceError {
      throw RecordingFailure.inputOutput("cannot read what perf wrote: \(error.message)")
    } catch let error as Errno {
      throw RecordingFailure.inputOutput("cannot write '\(path)': \(error)")
    }
  }

  private func write(_ list: FaultList, to path: String, _ threads: Set<Int32>) throws -> Int {
    let file = try FileDescriptor.open(
      FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec],
      permissions: [.ownerReadWrite, .groupRead, .otherRead])
    var text = "# page faults: PID TIME ADDRESS w|r\n"
    var count = 0
    while let fault = list.next() {
      guard threads.contains(fault.thread.rawValue), case .time(let time) = fault.moment else {
        continue
      }
      count += 1
      let nanoseconds = time.nanoseconds + clockOffset
      let fraction = String(nanoseconds % 1_000_000_000)
      text += "\(fault.thread.rawValue) \(nanoseconds / 1_000_000_000)."
      text += String(repeating: "0", count: 9 - fraction.utf8.count) + fraction
      text += " \(fault.address) \(fault.isWrite ? "w" : "r")\n"
      if text.utf8.count > 65_536 {
        try RecordingPlatform.write(Array(text.utf8)[...], to: file)
        text = ""
      }
    }
    try RecordingPlatform.write(Array(text.utf8)[...], to: file)
    try file.close()
    return count
  }

  /// Ends perf without a list.
  func cancel() {
    RecordingPlatform.send(RecordingPlatform.killIt, to: process)
    _ = RecordingPlatform.end(of: process, waits: true)
    close()
  }

  private func close() {
    try? pipes.control.close()
    try? pipes.answer.close()
    RecordingPlatform.remove(Self.files(in: folder), folder: folder)
  }

  private static func files(in folder: String) -> [String] {
    ["control", "answer", "errors", "data", "data.old", "text"].map { "\(folder)/\($0)" }
  }
}
