import Foundation
import Subprocess
import Testing

/// What the recorder says and returns when it cannot record.
@Suite(.serialized) struct RecordFailureTests {
  private func run(
    _ words: [String], environment: Environment = .inherit
  ) async throws -> RecordRun.Outcome {
    let run = try RecordRun()
    defer { run.remove() }
    return try await run.run([RecordRun.program] + words, environment: environment)
  }

  @Test func `without strace the message names the package`() async throws {
    let outcome = try await run(
      ["record", "-o", "out.gz", "--", "/bin/true"],
      environment: .inherit.updating(["PATH": "/nonexistent"]))
    #expect(outcome.status == 66)
    #expect(outcome.error.contains("package 'strace'"))
    #expect(outcome.output == "")
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `where another tracer runs the message says that tracing is not permitted`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let outer = ["strace", "-f", "-o", "/dev/null"]
    let outcome = try await run.run(
      outer + [RecordRun.program, "record", "-o", "out.gz", "--", "true"])
    #expect(outcome.status == 73)
    #expect(outcome.error.contains("could not trace the program"))
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `commands that cannot be run have the status of a shell`() async throws {
    let missing = try await run(["record", "-o", "out.gz", "--", "no-such-command"])
    #expect(missing.status == 127)
    #expect(missing.error.contains("'no-such-command': command not found"))
    let folder = try await run(["record", "-o", "out.gz", "--", "/usr"])
    #expect(folder.status == 126)
    #expect(folder.error.contains("'/usr' cannot be executed"))
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `a file that cannot be created or written is told from the program's status`() async throws {
    let folder = try await run(["record", "-o", "/nonexistent/out.gz", "--", "true"])
    #expect(folder.status == 73)
    #expect(folder.error.contains("cannot create '/nonexistent/out.gz'"))
    let full = try await run(["record", "-o", "/dev/full", "--", "sh", "-c", "echo works; exit 3"])
    #expect(full.status == 74)
    #expect(full.output == "works\n")
    #expect(full.error.contains("cannot write '/dev/full': No space left on device"))
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `nothing of the recorder is left behind`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let environment = Environment.inherit.updating(["TMPDIR": run.folder.path])
    let words = [RecordRun.program, "record", "-o", "out.gz", "--", "true"]
    #expect(try await run.run(words, environment: environment).status == 0)
    let left = try FileManager.default.contentsOfDirectory(atPath: run.folder.path)
    #expect(left == ["out.gz"])
  }

  @Test(arguments: [
    ["record", "--", "true"], ["record", "-o", "out.gz"], ["record", "-o", "out.gz", "--"],
    ["record", "-o", "out.gz", "--delay", "0", "--", "true"],
    ["record", "-o", "out.gz", "--env", "NONE", "--", "true"],
    ["record", "-o", "out.gz", "--", "./a=b"],
  ])
  func `wrong usage is 64`(words: [String]) async throws {
    let outcome = try await run(words)
    #expect(outcome.status == 64)
    #expect(outcome.error.contains("Usage: vmareplay record"))
  }
}
