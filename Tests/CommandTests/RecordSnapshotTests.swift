import Foundation
import Subprocess
import Testing

/// What is in a recording beside the calls, and where.
@Suite(.serialized) struct RecordSnapshotTests {
  @Test(.enabled(RecordRun.needsTracing, RecordRun.canCompile))
  func `the exit snapshot is the map that the program saw last`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    try await run.compile(RecordSources.dumpsMap, as: "program")
    #expect(try await run.record(["./program"]).status == 4)
    let own = try run.text(of: "own").split(separator: "\n").map(String.init)
    let recording = try await run.recording()
    let exit = try #require(recording.snapshots("exit").first)
    #expect(own.count > 10)
    #expect(exit.mappings == own)
    #expect(recording.lines.contains { $0.hasPrefix("# Anonymous:") })
    #expect(recording.lines.contains { $0.hasPrefix("# VmFlags: ") })
    // Right before the exit itself.
    let end = try #require(recording.lines[exit.line...].firstIndex { $0 == "# end" })
    #expect(recording.lines[end + 1].contains(" exit_group(4)"))
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `each execve and each exit has its snapshot behind and before it`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    _ = try await run.record(["bash", "-c", "/bin/true; (exit 3); ls / | sort | wc -l >/dev/null"])
    let recording = try await run.recording()
    let succeeded = recording.lines.indices.filter {
      recording.lines[$0].contains("execve") && recording.lines[$0].contains(") = 0 <")
    }
    #expect(succeeded.count == 5)
    #expect(recording.snapshots("exec").count == 5)
    for line in succeeded {
      let pid = String(recording.lines[line].prefix { $0 != " " })
      let snapshot = recording.snapshots("exec").first { $0.pid == pid && $0.line > line }
      let found = try #require(snapshot)
      // No call of the process lies between the execve and its map.
      let between = recording.lines[(line + 1)..<found.line]
      #expect(!between.contains { $0.hasPrefix("\(pid) ") })
      #expect(found.mappings.contains { $0.hasSuffix("[stack]") })
      #expect(found.mappings.count < 15)
    }
    let ends = recording.calls.filter { $0.hasPrefix("exit_group(") }
    #expect(ends.count == recording.snapshots("exit").count)
    #expect(recording.comments("stat").count == 5)
    #expect(recording.comments("limits").allSatisfy { $0.contains(" STACK=") })
    let stat = try #require(recording.comments("stat").first)
    let keys = stat.split(separator: " ").dropFirst(4).map { $0.prefix { $0 != "=" } }
    #expect(
      keys == [
        "start_code", "end_code", "start_data", "end_data", "start_brk", "start_stack",
        "arg_start", "arg_end", "env_start", "env_end",
      ])
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `the recording begins with the program's own execve`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    _ = try await run.record(["true", "one two"], options: ["--env", "A_VARIABLE=1"])
    let recording = try await run.recording()
    #expect(recording.lines[1].hasPrefix("# host kernel="))
    #expect(recording.lines[1].hasSuffix(" command=true 'one two'"))
    #expect(recording.lines[2].contains("/true\", [\""))
    #expect(recording.calls("execve").count == 1)
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `an execve that fails has no snapshot`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let path = "PATH=/nonexistent:/dev:/usr/bin:/bin"
    #expect(try await run.record(["env", path, "true"]).status == 0)
    let recording = try await run.recording()
    #expect(recording.calls("execve").filter { $0.contains("= -1 ENOENT") }.count == 2)
    #expect(recording.snapshots("exec").count == 2)
    #expect(!recording.lines.contains { $0.contains("(DELAYED)") })
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canCompile))
  func `after an execve from a thread the map is that of the leader`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    try await run.compile(RecordSources.execFromThread, as: "program")
    #expect(try await run.record(["./program"]).status == 1)
    let recording = try await run.recording()
    let execs = recording.snapshots("exec")
    #expect(execs.map(\.pid) == [recording.pid, recording.pid])
    #expect(execs.last?.mappings.contains { $0.hasSuffix("/false") } == true)
    #expect(recording.snapshots("exit").map(\.pid) == [recording.pid])
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canCompile))
  func `a killed process has no exit snapshot, and says so once`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    try await run.compile(RecordSources.threads, as: "program")
    #expect(try await run.record(["./program", "k"]).status == 137)
    let recording = try await run.recording()
    #expect(recording.snapshots("exit").isEmpty)
    #expect(recording.comments("no-exit") == ["# no-exit \(recording.pid) 9"])
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canCompile))
  func `an exit while threads run has one snapshot, and notes calls in flight`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    try await run.compile(RecordSources.threads, as: "program")
    let outcome = try await run.record(["./program", "x"])
    #expect(outcome == .init(output: "", error: "", status: 6))
    let recording = try await run.recording()
    #expect(recording.snapshots("exit").count == 1)
    // Four threads map and unmap without end: tracing stop catches at least one in such a call.
    #expect(!recording.comments("inflight").isEmpty)
    #expect(recording.comments("inflight").allSatisfy { $0.split(separator: " ").count == 10 })
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canCompile))
  func `the last thread may end by the raw call`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    try await run.compile(RecordSources.threads, as: "program")
    let plain = try await run.run(["./program", "l"])
    #expect(try await run.record(["./program", "l"]) == plain)
    let recording = try await run.recording()
    #expect(recording.calls("exit").count == 5)
    #expect(recording.snapshots("exit").count == 1)
    #expect(recording.snapshots("exit").first.map { $0.mappings.count > 10 } == true)
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canCompile))
  func `nothing is lost against a plain log`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    try await run.compile(
      """
      #include <sys/mman.h>
      int main(void) {
        for (int n = 0; n < 5000; n++) {
          char *a = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          *a = 1;
          munmap(a, 8192);
        }
        return 0;
      }
      """, as: "program")
    _ = try await run.run(["strace", "-f", "-o", "plain", "-e", "trace=mmap,munmap", "./program"])
    let plain = try run.text(of: "plain").split(separator: "\n").filter { !$0.contains("+++") }
    _ = try await run.record(["./program"])
    let recording = try await run.recording()
    let calls = recording.calls("mmap") + recording.calls("munmap")
    #expect(plain.count > 10_000)
    #expect(calls.count == plain.count)
    #expect(calls.allSatisfy { $0.contains(") = ") && $0.hasSuffix(">") })
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `calls on descriptors are recorded on request`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    _ = try await run.record(["cat", "/dev/null"])
    #expect(try await run.recording().calls("openat").isEmpty)
    _ = try await run.record(["cat", "/dev/null"], options: ["--files"])
    #expect(try await run.recording().calls("openat").contains { $0.contains("\"/dev/null\"") })
  }
}
