import Foundation
import TestSupport
import Testing

/// `vmareplay minimize`: what is left still shows the difference, and nothing else.
@Suite struct MinimizeTests {
  private func trace(_ name: String) -> String {
    ProjectFiles.root.appending(path: "Traces/\(name).strace.gz").path
  }

  @Test func aWrongResultIsLeftAlone() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let outcome = try await run.run([
      "sh", "-c",
      """
      gzip -dc '\(trace("ls"))' | sed 's/\\(mprotect(.*\\) = 0 /\\1 = -1 EBADF (Bad) /' > all
      $0 minimize all -o short; echo $?; $0 verify short; echo $?; grep -vc '^#' short
      """, RecordRun.program,
    ])
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "0" && lines.dropLast().last == "1", "\(outcome)")
    #expect(lines.contains { $0.contains("mprotect: recorded EBADF") })
    // The mapping and the call, perhaps what the mapping needs.
    #expect(Int(lines.last ?? "") ?? 99 <= 3)
  }

  @Test func aDifferenceOfAMapKeepsTheLinesThatMakeIt() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let outcome = try await run.run([
      "sh", "-c",
      """
      $0 minimize '\(trace("gcc-compile"))' -o - > short; $0 verify short
      $0 minimize '\(trace("ls"))' -o none; echo $?; wc -l < short
      """, RecordRun.program,
    ])
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines.contains { $0.contains("the stack grew by page faults") }, "\(outcome)")
    #expect(lines.dropLast().last == "66" && (Int(lines.last ?? "") ?? 99) < 30)
  }
}
