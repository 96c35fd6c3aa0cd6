import Foundation
import Subprocess
import SystemPackage
import TestSupport
import Testing

/// Runs the built program in a folder of its own and reads what it has recorded.
///
/// The folder goes with the last copy of the run: a test that names files in it by their paths has
/// a `defer { run.remove() }`, which keeps it until its end.
struct RecordRun {
  private let place: TemporaryFolder
  var folder: URL { place.url }

  init() throws { place = try TemporaryFolder("record") }

  struct Outcome: Equatable {
    var output: String
    var error: String
    var status: Int32
  }

  /// The program beside the bundle of the tests.
  static var program: String {
    let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: tests ?? CommandLine.arguments[0]).deletingLastPathComponent()
      .appendingPathComponent("vmareplay").path
  }

  /// Why a test may be skipped.
  static let needsTracing: Comment = "strace is missing, or tracing is not permitted here"

  /// Whether strace is there and may trace.
  @Sendable static func canTrace() async -> Bool {
    let result = try? await Subprocess.run(
      .name("strace"), arguments: ["-o", "/dev/null", "true"], output: .discarded,
      error: .discarded)
    guard let result else { return false }
    return result.terminationStatus.isSuccess
  }

  /// Whether there is a C compiler too.
  @Sendable static func canCompile() async -> Bool {
    let result = try? await Subprocess.run(
      .name("cc"), arguments: ["--version"], output: .discarded, error: .discarded)
    guard let result else { return false }
    return await canTrace() && result.terminationStatus.isSuccess
  }

  /// Runs a command in the folder; the status of a killed one is that of a shell.
  func run(
    _ words: [String], input: String = "", environment: Environment = .inherit
  ) async throws -> Outcome {
    let program: Executable =
      words[0].contains("/") ? .path(FilePath(words[0])) : .name(words[0])
    let result = try await Subprocess.run(
      program, arguments: Arguments(Array(words.dropFirst())), environment: environment,
      workingDirectory: FilePath(folder.path), input: .string(input),
      output: .string(limit: 64 << 20), error: .string(limit: 1 << 20))
    let status: Int32 =
      switch result.terminationStatus {
      case .exited(let code): code
      case .signaled(let signal): 128 + signal
      }
    return Outcome(output: result.standardOutput, error: result.standardError, status: status)
  }

  /// Records a command into `out.gz`. The maps are given more time than by default, since tests
  /// run beside each other.
  func record(
    _ words: [String], input: String = "", options: [String] = [], launcher: [String] = []
  ) async throws -> Outcome {
    let record = [Self.program, "record", "--delay", "500", "-o", "out.gz"]
    return try await run(launcher + record + options + ["--"] + words, input: input)
  }

  /// Compiles a C program to `name` in the folder.
  func compile(_ source: String, as name: String, options: [String] = []) async throws {
    let file = folder.appendingPathComponent("\(name).c")
    try source.write(to: file, atomically: true, encoding: .utf8)
    let outcome = try await run(["cc", "-O1", "-pthread", "-w", "-o", name, "\(name).c"] + options)
    try #require(outcome.status == 0, "\(outcome.error)")
  }

  func text(of name: String) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
  }

  /// The lines of `out.gz`, which `gzip` finds whole.
  func recording() async throws -> Recording {
    let outcome = try await run(["gzip", "-dc", "out.gz"])
    try #require(outcome.status == 0, "\(outcome.error)")
    return Recording(lines: outcome.output.split(separator: "\n").map(String.init))
  }

  func remove() { place.remove() }
}

/// A recording, taken apart.
struct Recording {
  struct Snapshot {
    var pid: String
    var event: String
    /// Index of its `# maps` line.
    var line: Int
    /// The lines of the mappings alone, without `# `.
    var mappings: [String]
  }

  let lines: [String]

  var snapshots: [Snapshot] {
    var result: [Snapshot] = []
    var isInside = false
    for (index, line) in lines.enumerated() {
      let words = line.split(separator: " ").map(String.init)
      if line.hasPrefix("# maps ") {
        result.append(Snapshot(pid: words[2], event: words[3], line: index, mappings: []))
        isInside = true
      } else if line == "# end" {
        isInside = false
      } else if isInside, words[1].contains("-"), words[1].first?.isUppercase == false {
        result[result.count - 1].mappings.append(String(line.dropFirst(2)))
      }
    }
    return result
  }

  func snapshots(_ event: String) -> [Snapshot] { snapshots.filter { $0.event == event } }

  /// What stands behind pid and time in the lines of the log.
  var calls: [String] {
    lines.filter { $0.first?.isNumber == true }.map { line in
      line.split(separator: " ", maxSplits: 2).last.map { $0.drop { $0 == " " } }.map(String.init)
        ?? ""
    }
  }

  func calls(_ name: String) -> [String] { calls.filter { $0.hasPrefix("\(name)(") } }

  func comments(_ kind: String) -> [String] { lines.filter { $0.hasPrefix("# \(kind) ") } }

  var pid: String { String(lines.first { $0.first?.isNumber == true }?.prefix { $0 != " " } ?? "") }
}
