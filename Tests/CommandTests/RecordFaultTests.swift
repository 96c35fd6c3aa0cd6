import Foundation
import Subprocess
import Testing

/// `record --faults`: perf lists the page faults while strace lists the calls.
@Suite(.serialized) struct RecordFaultTests {
  @Sendable static func canListFaults() async -> Bool {
    guard await RecordRun.canTrace() else { return false }
    let events = "exceptions:page_fault_user,exceptions:page_fault_kernel"
    let result = try? await Subprocess.run(
      .name("perf"),
      arguments: ["record", "-k", "monotonic", "-o", "/dev/null", "-e", events, "--", "true"],
      output: .discarded, error: .discarded)
    return result?.terminationStatus.isSuccess ?? false
  }

  /// A stack that grows far, which no strace log shows.
  @Test(.enabled("perf is missing, or may not trace page faults here", canListFaults))
  func `with the faults known the map is the kernel's`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let program = "sub f { my $n = shift; my @x = (1) x 50; f($n - 1) if $n } f(2000); print 7"
    let recorded = try await run.run([
      RecordRun.program, "record", "-o", "t.gz", "--faults", "t.faults", "--", "sh", "-c",
      "perl -e '\(program)' || true; bash -c 'ulimit -s 4000; x=$(printf %03000d {1..400}); echo $#x'",
    ])
    #expect(recorded.status == 0 && recorded.output.hasPrefix("7"), "\(recorded.error)")
    let verified = try await run.run([
      RecordRun.program, "verify", "--faults", "t.faults", "t.gz",
    ])
    #expect(verified.status == 0, "\(verified.output)\(verified.error)")
    let list = try String(contentsOf: run.folder.appending(path: "t.faults"), encoding: .utf8)
    #expect(list.split(separator: "\n").count > 100)
    let wrong = try await run.run([
      "sh", "-c", "echo 1 x >> t.faults; $0 maps --faults t.faults t.gz",
      RecordRun.program,
    ])
    #expect(wrong.status == 65 && wrong.error.contains("a time in seconds, or @LINE"))
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `without perf the message says what is missing`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let outcome = try await run.run([
      "sh", "-c",
      """
      mkdir bin; for p in strace env sh; do ln -s $(command -v $p) bin/; done
      PATH=$PWD/bin $0 record -o t.gz --faults t.faults -- /bin/true
      """, RecordRun.program,
    ])
    #expect(outcome.status == 73 && outcome.error.contains("perf"), "\(outcome.error)")
    let missing = try await run.run([RecordRun.program, "replay", "--faults", "nosuch", "t.gz"])
    #expect(missing.status == 66, "\(missing.error)")
  }
}
