import Foundation
import TestSupport
import Testing

/// bench as a user meets it. The times themselves need an unchecked build, which tests are not.
@Suite struct BenchCommandTests {
  static let ls = ProjectFiles.root.appending(path: "Traces/ls.strace.gz").path

  private func bench(_ words: String...) async throws -> RecordRun.Outcome {
    let run = try RecordRun()
    defer { run.remove() }
    return try await run.run([RecordRun.program, "bench"] + words)
  }

  @Test func aCheckedBuildIsRefusedWithTheRemedy() async throws {
    let outcome = try await bench(Self.ls)
    #expect(outcome.status == 64 && outcome.output.isEmpty)
    #expect(outcome.error.contains("swift build -c release"))
  }

  @Test(arguments: [
    ["--rounds", "9"], ["--vmas", "8,x"], ["--vmas", "0"], ["--indexes", "tree"],
    ["--max-regression", "-1"], ["--lookups", "cold"], ["--format", "xml"],
  ])
  func wrongOptionsAreUsageErrors(words: [String]) async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let outcome = try await run.run([RecordRun.program, "bench", Self.ls] + words)
    #expect(outcome.status == 64, "\(words): \(outcome.error)")
  }
}
