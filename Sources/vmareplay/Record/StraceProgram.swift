import Subprocess
import SystemPackage

/// The strace of this system, and how it is called.
struct StraceProgram {
  var path: String
  var version: String

  /// Looks for strace in `PATH` and asks for its version.
  static func find() async throws -> Self {
    guard let path = ProgramSearch.find("strace") else {
      throw RecordingFailure(
        status: 66,
        message: "strace is not installed: install it (Debian and Ubuntu: package 'strace')")
    }
    let text: String
    do {
      let result = try await Subprocess.run(
        .path(FilePath(path)), arguments: ["-V"], output: .string(limit: 65_536),
        error: .discarded)
      text = result.standardOutput
    } catch {
      throw RecordingFailure(status: 66, message: "cannot run '\(path)': \(error)")
    }
    // "strace -- version 6.1"
    let words = text.split(whereSeparator: \.isWhitespace)
    let version = words.firstIndex(of: "version").map { words[($0 + 1)...].first ?? "" }
    return Self(path: path, version: version.map(String.init) ?? "unknown")
  }

  /// The whole command line.
  ///
  /// - Parameters:
  ///   - log: the file that strace writes to.
  ///   - program: what strace starts.
  func arguments(
    log: String, calls: [String], delayMicroseconds: Int, program: [String]
  ) -> [String] {
    [
      path, "-I4", "-f", "-ttt", "-T", "-y", "-s", "128", "-o", log,
      "-e", "trace=\(calls.joined(separator: ","))",
      "-e", "inject=execve,execveat:delay_exit=\(delayMicroseconds)",
      "-e", "inject=exit,exit_group:delay_enter=\(delayMicroseconds)",
      "--",
    ] + program
  }
}

/// Finds programs as a shell does.
enum ProgramSearch {
  /// The path of a program; nil if `PATH` has none of this name.
  static func find(_ name: String) -> String? {
    if name.contains("/") { return RecordingPlatform.exists(name) ? name : nil }
    let folders = RecordingPlatform.environment("PATH") ?? "/usr/local/bin:/usr/bin:/bin"
    for folder in folders.split(separator: ":", omittingEmptySubsequences: false) {
      let path = folder.isEmpty ? "./\(name)" : "\(folder)/\(name)"
      if RecordingPlatform.isExecutable(path), !RecordingPlatform.isDirectory(path) {
        return path
      }
    }
    return nil
  }
}
