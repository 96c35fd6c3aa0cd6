import Foundation
import Subprocess
import Testing

/// What the recorded program notices of the recorder: nothing.
@Suite(.serialized) struct RecordTests {
  /// Runs a command with and without the recorder.
  private func expectSame(
    _ words: [String], input: String = "", launcher: [String] = ["env", "--default-signal"],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let run = try RecordRun()
    defer { run.remove() }
    // What starts the tests may block and ignore signals, which the recorder could only pass on.
    let plain = try await run.run(launcher + words, input: input)
    let recorded = try await run.record(words, input: input, launcher: launcher)
    #expect(recorded == plain, sourceLocation: sourceLocation)
    let recording = try await run.recording()
    #expect(recording.lines.first == "# vmareplay 1", sourceLocation: sourceLocation)
    #expect(!recording.lines.contains { $0.contains("(DELAYED)") }, sourceLocation: sourceLocation)
    #expect(recording.comments("no-maps") == [], sourceLocation: sourceLocation)
  }

  @Test(
    .enabled(RecordRun.needsTracing, RecordRun.canTrace),
    arguments: [
      ["sh", "-c", "echo out; echo err >&2; exit 7"],
      ["sh", "-c", "ls /proc/$$/fd; grep ^SigCgt /proc/$$/status; ulimit -a"],
      ["sh", "-c", "env | grep -v '^_=' | sort; pwd; umask"],
      ["sh", "-c", "trap 'echo caught' TERM; kill -TERM $$; (exit 3) || echo $?"],
      ["sh", "-c", "nosuchcommand 2>/dev/null; ls /nosuchfile 2>/dev/null; exit 200"],
      ["sh", "-c", "kill -SEGV $$"],
      ["true"],
      ["bash", "-c", "set -m; sleep 0.1 & fg; echo $?; (sleep 0.1; exit 4) & wait $!; echo $?"],
      [
        "bash", "-c",
        "exec 2>/dev/null; set -m; (kill -STOP $BASHPID; echo on) & sleep 0.5; jobs; kill -CONT %1; wait",
      ],
    ])
  func `output, input, signals and status are the program's own`(words: [String]) async throws {
    try await expectSame(words)
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `what the recorder ignores the program ignores too, and nothing more`() async throws {
    // Signals 1 to 28: the C library makes two others be ignored.
    let words = ["sh", "-c", "sed -n 's/^SigIgn:.*\\(.......\\)$/\\1/p' /proc/$$/status"]
    try await expectSame(words)
    try await expectSame(words, launcher: ["env", "--ignore-signal=HUP,INT,TSTP"])
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canCompile))
  func `the program blocks no signals`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    try await run.compile(RecordSources.mask, as: "mask")
    // The first one clears the mask and becomes what follows.
    let outcome = try await run.record(["./mask"], launcher: ["./mask"])
    #expect(outcome == .init(output: "0\n", error: "", status: 0))
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `no shell changes the environment`() async throws {
    let launcher = [
      "env", "-i", "PATH=/usr/bin:/bin", "a.b=c d", "OLDPWD=/nowhere", "F%%=() { :; }",
    ]
    try await expectSame(
      ["sh", "-c", "tr '\\0' '\\n' </proc/$$/environ | sort"], launcher: launcher)
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `the program reads the recorder's input`() async throws {
    try await expectSame(["cat"], input: "a line\nand half of one")
  }

  @Test(
    .enabled(RecordRun.needsTracing, RecordRun.canCompile),
    arguments: [
      (RecordSources.stops, 1, 2), (RecordSources.spawns, 2, 3),
      (RecordSources.threads, 1, 1), (RecordSources.execFromThread, 2, 1),
      (RecordSources.quiet, 1, 1),
    ])
  func `stops, spawns, threads and execs from threads go on as without`(
    source: String, execs: Int, exits: Int
  ) async throws {
    let run = try RecordRun()
    defer { run.remove() }
    try await run.compile(source, as: "program")
    let plain = try await run.run(["./program"])
    #expect(try await run.record(["./program"]) == plain)
    let recording = try await run.recording()
    #expect(recording.snapshots("exec").count == execs)
    #expect(recording.snapshots("exit").count == exits)
    #expect(recording.comments("no-maps") == [])
    #expect(recording.comments("no-exit") == [])
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canCompile))
  func `a static program is recorded`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    try await run.compile(RecordSources.quiet, as: "still", options: ["-static"])
    #expect(try await run.record(["./still"]).status == 0)
    let recording = try await run.recording()
    let exec = try #require(recording.snapshots("exec").first)
    #expect(!exec.mappings.contains { $0.contains("/ld-linux") })
    #expect(exec.mappings.contains { $0.hasSuffix("/still") })
    #expect(recording.snapshots("exit").count == 1)
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `an interrupt of the group ends the program, and the recording is whole`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let script = """
      set -m; "$0" record -o out.gz -- sleep 30 & p=$!
      until pgrep -P "$(pgrep -P $p)" >/dev/null 2>&1; do sleep 0.05; done
      sleep 0.5; kill -INT -- -$p; wait $p; echo $?
      """
    let outcome = try await run.run(["bash", "-c", script, RecordRun.program])
    #expect(outcome.output == "130\n", "\(outcome.error)")
    let recording = try await run.recording()
    #expect(recording.comments("no-exit") == ["# no-exit \(recording.pid) 2"])
    #expect(recording.snapshots("exec").count == 1)
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `a request to end that names the recorder reaches the program once`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let script = """
      "$0" record -o out.gz -- bash -c 'trap "echo got" TERM; sleep 30 & wait; kill $!; exit 8' &
      p=$!; sleep 1.5; kill -TERM $p; wait $p; echo $?
      """
    let outcome = try await run.run(["bash", "-c", script, RecordRun.program])
    #expect(outcome.output == "got\n8\n", "\(outcome.error)")
  }

  @Test(.enabled(RecordRun.needsTracing, RecordRun.canTrace))
  func `a stop from the terminal stops the job, and it goes on`() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    // The program waits at a pipe until it has been stopped, however slow the machine is.
    let script = """
      set -m; mkfifo go
      "$0" record -o out.gz -- sh -c ': > up; read x < go; /bin/true; echo done; exit 5' & p=$!
      until [ -e up ]; do sleep 0.1; done
      kill -TSTP -- -$p
      # In a shell of its own: with jobs, bash leaves a loop in which a job is stopped.
      timeout 20 sh -c 'until grep -q ") T" /proc/$1/stat; do sleep 0.1; done' sh $p
      cut -d' ' -f3 /proc/$p/stat; jobs -s | wc -l
      kill -CONT -- -$p; echo x > go; wait $p; echo $?
      """
    let outcome = try await run.run(["bash", "-c", script, RecordRun.program])
    #expect(outcome.output == "T\n1\ndone\n5\n", "\(outcome.error)")
    let recording = try await run.recording()
    #expect(recording.snapshots("exit").count == 2)
    #expect(recording.comments("no-maps") == [])
  }
}
