import Testing

@testable import vmareplay

/// The parts of the recorder that do no I/O.
@Suite struct RecordLogTests {
  private func event(_ text: String) -> LogLine.Event? {
    LogLine(Array("4242  1795226746.876472 \(text)".utf8)[...])?.event
  }

  @Test(arguments: [
    ("execve(\"/bin/ls\", [\"ls\"], 0x7f /* 3 vars */) = 0 (DELAYED) <0.000511>", true),
    ("execve(\"/bin/ls\", [\"ls\"], 0x7f /* 3 vars */) = 0 <0.000511>", true),
    ("execveat(3, \"\", [\"ls\"], 0x7f, AT_EMPTY_PATH) = 0 (DELAYED)", true),
    ("<... execve resumed>) = 0 (DELAYED) <0.001022>", true),
    ("<... execve resumed>)           = 0", true),
    ("execve(\"/x\", [\"= 0\"], 0x7f) = -1 ENOENT (No such file or directory) (DELAYED)", false),
    ("execve(\"/bin/true\", [\"true\"], 0x7f /* 35 vars */ <pid changed to 7550 ...>", false),
    ("execve(\"/bin/true\", [\"true\"], 0x7f /* 35 vars */ <unfinished ...>", false),
    ("<... execve resumed>) = 10 <0.000001>", false),
    ("<... mmap resumed>) = 0 <0.000001>", false),
    ("mprotect(0x7f0000000000, 4096, PROT_READ) = 0 <0.000012>", false),
  ])
  func `an execve is complete only when it has succeeded`(text: String, isComplete: Bool) {
    #expect((event(text) == .execveCompleted) == isComplete)
  }

  @Test func `lines are told apart by their beginning`() {
    #expect(event("exit_group(0") == .exitGroupBegun)
    #expect(event("exit_group(0)   = ?") == .exitGroupBegun)
    #expect(event("exit(3)         = ?") == .exitBegun)
    #expect(event("<... exit_group resumed>) = ?") == .other)
    #expect(event("+++ exited with 3 +++") == .exited)
    #expect(event("+++ killed by SIGSEGV (core dumped) +++") == .killed(signal: "SIGSEGV"))
    #expect(event("+++ superseded by execve in pid 7551 +++") == .superseded(by: 7551))
    #expect(event("--- stopped by SIGTSTP ---") == .stopped)
    #expect(event("--- SIGTERM {si_signo=SIGTERM, si_pid=1} ---") == .received(signal: "SIGTERM"))
    #expect(event("clone3({flags=CLONE_VM}, 88) = 7551 <0.000123>") == .created(task: 7551))
    #expect(event("<... vfork resumed>) = 12 <0.1>") == .other)
    #expect(event("<... vfork resumed>) = 12 <0.100000>") == .created(task: 12))
    #expect(event("fork() = -1 EAGAIN (Resource temporarily unavailable)") == .other)
    #expect(LogLine(Array("no line of strace".utf8)[...]) == nil)
    #expect(LogLine(Array("12 1795226746.8".utf8)[...]) == nil)
  }

  private func unmarked(_ text: String) -> String? {
    CallResult.unmarked(Array(text.utf8)[...], delayMicroseconds: 50_000)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func `the mark of a delay and its time are taken out`() {
    #expect(unmarked("execve() = 0 (DELAYED) <0.000511>") == "execve() = 0 <0.000511>")
    #expect(unmarked("execve() = 0 (DELAYED) <0.050321>") == "execve() = 0 <0.000321>")
    #expect(unmarked("execve() = 0 (DELAYED) <1.250000>") == "execve() = 0 <1.200000>")
    #expect(unmarked("execve() = 0 (DELAYED)") == "execve() = 0")
    #expect(unmarked("execve(\" (DELAYED)\") = 0 <0.050321>") == nil)
  }

  private func log(steps: Int = 1) -> RecordingLog {
    RecordingLog(delayMicroseconds: 50_000, launcherSteps: steps) { $0 }
  }

  private func absorb(_ log: inout RecordingLog, _ text: String) -> [TracedTasks.Due] {
    log.absorb(Array(text.utf8)[...])
  }

  private func finished(_ log: inout RecordingLog) -> String {
    String(decoding: log.takeFinished(), as: UTF8.self)
  }

  private let start = """
    5  1.000000 execve("/bin/sh", ["sh"], 0x7f) = 0 <0.000100>
    5  1.100000 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = 0x1000 <0.000001>
    5  1.200000 execve("/bin/env", ["env"], 0x7f) = 0 (DELAYED) <0.000100>
    5  1.300000 execve("/none/ls", ["ls"], 0x7f) = -1 ENOENT (No such file) (DELAYED) <0.0001>
    5  1.400000 execve("/bin/ls", ["ls"], 0x7f) = 0 (DELAYED) <0.000100>

    """

  @Test func `the launcher is cut and the execve of the program kept`() {
    var log = log(steps: 2)
    #expect(absorb(&log, start) == [.exec(pid: 5)])
    #expect(log.program == 5)
    #expect(finished(&log) == "5  1.400000 execve(\"/bin/ls\", [\"ls\"], 0x7f) = 0 <0.000100>\n")
  }

  @Test func `every cut into pieces gives the same`() {
    let text =
      start + "5  1.5 exit_group(0)   = ?\n5  1.6 +++ exited with 0 +++\n"
    let bytes = Array(text.utf8)
    var whole = log(steps: 2)
    _ = whole.absorb(bytes[...])
    let expected = finished(&whole)
    for cut in bytes.indices {
      var log = log(steps: 2)
      let due = log.absorb(bytes[..<cut]) + log.absorb(bytes[cut...])
      #expect(due == [.exec(pid: 5), .exit(pid: 5)], "cut at \(cut)")
      #expect(finished(&log) == expected, "cut at \(cut)")
    }
  }

  @Test func `a thread that is gone before it is looked up is no process of its own`() {
    var log = RecordingLog(delayMicroseconds: 50_000, launcherSteps: 2) { $0 == 5 ? 5 : nil }
    _ = absorb(&log, start)
    _ = absorb(
      &log,
      """
      5  1.5 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 6 <0.000100>
      6  1.6 +++ killed by SIGKILL +++
      5  1.6 +++ killed by SIGKILL +++

      """)
    let notes = finished(&log).split(separator: "\n").filter { $0.hasPrefix("# no-exit") }
    #expect(notes == ["# no-exit 5 9"])
  }

  @Test func `an exit is due before its line is complete, and once`() {
    var log = log(steps: 2)
    _ = absorb(&log, start)
    _ = finished(&log)
    #expect(absorb(&log, "5  1.5 exit_gro") == [])
    #expect(absorb(&log, "up(0") == [.exit(pid: 5)])
    log.insert("# maps 5 exit\n# end\n")
    #expect(absorb(&log, ") = ?\n") == [])
    #expect(finished(&log) == "# maps 5 exit\n# end\n5  1.5 exit_group(0) = ?\n")
  }

  @Test func `a second exit of the same process is not due`() {
    var log = RecordingLog(delayMicroseconds: 1, launcherSteps: 0) { $0 == 6 ? 5 : $0 }
    _ = absorb(&log, "5  1.0 execve(\"/x\", [], 0) = 0\n5  1.0 clone() = 6\n")
    #expect(absorb(&log, "6  1.5 exit_group(0 <unfinished ...>\n") == [.exit(pid: 6)])
    log.exitRecorded(6)
    #expect(absorb(&log, "5  1.5 exit_group(1 <unfinished ...>\n") == [])
    #expect(absorb(&log, "5  1.6 +++ exited with 0 +++\n7  1.7 exit_group(1") == [.exit(pid: 7)])
  }

  @Test func `a killed process says so once, its threads do not`() {
    var log = RecordingLog(delayMicroseconds: 1, launcherSteps: 0) { $0 == 6 ? 5 : $0 }
    _ = absorb(&log, "5  1.0 execve(\"/x\", [], 0) = 0\n5  1.0 clone() = 6\n")
    _ = finished(&log)
    _ = absorb(&log, "6  1.5 +++ killed by SIGKILL +++\n5  1.5 +++ killed by SIGRT_3 +++\n")
    #expect(
      finished(&log)
        == "6  1.5 +++ killed by SIGKILL +++\n5  1.5 +++ killed by SIGRT_3 +++\n# no-exit 5 35\n")
    #expect(log.tasks.count == 0)
  }

  @Test func `the thread that ends the process is not a thread that ends`() {
    var log = RecordingLog(delayMicroseconds: 1, launcherSteps: 0) { $0 == 6 ? 5 : $0 }
    _ = absorb(&log, "5  1.0 execve(\"/x\", [], 0) = 0\n5  1.0 clone() = 6\n")
    let due = absorb(&log, "6  1.1 exit(0 <unfinished ...>\n5  1.1 exit_group(0")
    #expect(due == [.threadExit(pid: 6), .exit(pid: 5)])
    #expect(log.tasks.isExiting(6))
    #expect(!log.tasks.isExiting(5))
  }

  @Test func `a new image after an exit snapshot gets one of its own`() {
    var log = RecordingLog(delayMicroseconds: 1, launcherSteps: 0) { $0 == 6 ? 5 : $0 }
    _ = absorb(&log, "5  1.0 execve(\"/x\", [], 0) = 0\n5  1.0 clone() = 6\n")
    #expect(absorb(&log, "5  1.1 exit(0 <unfinished ...>\n") == [.threadExit(pid: 5)])
    #expect(log.tasks.isExiting(5))
    log.exitRecorded(5)
    let due = absorb(
      &log, "5  1.2 +++ superseded by execve in pid 6 +++\n5  1.2 <... execve resumed>) = 0\n")
    #expect(due == [.exec(pid: 5)])
    #expect(!log.tasks.isExiting(5))
    #expect(absorb(&log, "5  1.3 exit_group(0") == [.exit(pid: 5)])
  }

  @Test func `a stop of the program is over with its next line`() {
    var log = log(steps: 0)
    _ = absorb(&log, "5  1.0 execve(\"/x\", [], 0) = 0\n5  1.1 --- stopped by SIGTSTP ---\n")
    #expect(log.programIsStopped)
    _ = absorb(&log, "6  1.2 mmap() = 0\n")
    #expect(log.programIsStopped)
    _ = absorb(&log, "5  1.3 --- SIGCONT {si_signo=SIGCONT} ---\n")
    #expect(!log.programIsStopped)
    #expect(log.signalsOfProgram == ["SIGCONT"])
  }
}
