import Foundation
import Subprocess
import Testing

@testable import vmareplay

/// `record --check-every`: maps in the middle of a recording.
@Suite(.serialized) struct RecordCheckTests {
  @Test(arguments: [
    ("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f00 <0.000010>", true),
    ("<... munmap resumed>) = 0 <0.000010>", true),
    ("mprotect(0x7f00, 4096, PROT_READ) = -1 ENOMEM (Cannot allocate memory)", true),
    ("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0 <unfinished ...>", false),
    ("openat(AT_FDCWD, \"mmap(\", O_RDONLY) = 3", false), ("mmapped(1) = 0", false), ("", false),
  ])
  func `calls that change a map are counted where they end`(line: String, ends: Bool) {
    #expect(LogLine.endsMapCall(Array(line.utf8)[...]) == ends)
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `maps in the middle agree with the model`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let program = "i=0; while [ $i -lt 3 ]; do ls / | wc -l; i=$((i+1)); done"
    let plain = try await run.run(["sh", "-c", program])
    let recorded = try await run.run([
      RecordRun.program, "record", "-o", "t.gz", "--check-every", "2", "--", "sh", "-c", program,
    ])
    #expect(recorded.status == 0 && recorded.output == plain.output, "\(recorded.error)")
    let lines = try await run.run(["sh", "-c", "gzip -dc t.gz"]).output.split(separator: "\n")
    let checks = lines.filter { $0.hasPrefix("# maps ") && $0.hasSuffix(" check") }
    #expect(checks.count >= 10)
    let verified = try await run.run([RecordRun.program, "verify", "t.gz"])
    #expect(verified.status == 0, "\(verified.output)\(verified.error)")
    let never = try await run.run([
      RecordRun.program, "record", "-o", "u.gz", "--check-every", "0", "--", "true",
    ])
    #expect(never.status == 64 && never.error.contains("at least 1"))
  }
}
