import Replay
import Reports
import Subprocess
import SystemPackage

/// Runs another build of this program and this one in turns, each in processes of its own, so that
/// whatever else the machine does meets both alike.
struct BaselineRun {
  /// The other build.
  let baseline: String
  /// The words after `bench` that both are given.
  let arguments: [String]
  let turns: Int
  let seed: UInt64

  struct Outcome {
    var now = BenchmarkRecord()
    var then = BenchmarkRecord()
  }

  /// Both builds, once a turn, in random order.
  func run() async throws -> Outcome {
    let file = "\(Platform.temporaryFolder)/vmareplay-\(Platform.processID).bench"
    defer { Platform.removeFile(file) }
    var outcome = Outcome()
    var numbers = SeededNumbers(seed: seed)
    var progress = Progress(name: "turns")
    defer { progress.clear() }
    for turn in 0..<turns {
      progress.update(read: UInt64(turn), of: UInt64(turns))
      let baselineFirst = numbers.next() & 1 == 0
      for isBaseline in [baselineFirst, !baselineFirst] {
        let program = isBaseline ? baseline : Platform.program
        let record = try await record(of: program, file: file)
        if isBaseline { outcome.then.add(run: record) } else { outcome.now.add(run: record) }
      }
    }
    return outcome
  }

  private func record(of program: String, file: String) async throws -> BenchmarkRecord {
    // What is not written must not be taken for what was written before.
    Platform.removeFile(file)
    let words = ["bench"] + arguments + ["--format", "csv", "--save", file]
    let path = program.contains("/") ? program : "./\(program)"
    let (isSuccess, message): (Bool, String)
    do {
      let result = try await Subprocess.run(
        .path(FilePath(path)), arguments: Arguments(words), output: .discarded,
        error: .string(limit: 65_536))
      (isSuccess, message) = (result.terminationStatus.isSuccess, result.standardError)
    } catch {
      Diagnostics.error("cannot run '\(path)': \(error)")
      throw ExitStatus.noInput.code
    }
    guard isSuccess else {
      Diagnostics.raw(message)
      Diagnostics.error("'\(path) \(words.joined(separator: " "))' failed")
      throw ExitStatus.noInput.code
    }
    return try BenchFiles.read(file)
  }
}
