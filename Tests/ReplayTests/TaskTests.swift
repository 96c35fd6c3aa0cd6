import Replay
import SyscallABI
import Testing

/// Who has which address space: fork copies, CLONE_VM shares, execve replaces, exit ends.
@Suite struct TaskTests {
  static let page = "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)"

  static func mmap(_ pid: Int32, _ address: String) -> String {
    "\(pid) \(page) = \(address)\n"
  }

  @Test func forkCopies() throws {
    let replay = try LogReplay(
      Self.mmap(10010, "0x7f0000000000") + "10010 fork() = 10011\n"
        + Self.mmap(10011, "0x7f0000010000")
        + "10010 munmap(0x7f0000000000, 4096) = 0\n")
    #expect(replay.map(of: 10010) == [])
    #expect(
      replay.map(of: 10011) == [
        "7f0000000000-7f0000001000 rw-p", "7f0000010000-7f0000011000 rw-p",
      ])
    #expect(replay.total.processCount == 2)
  }

  @Test func threadsShare() throws {
    let replay = try LogReplay(
      "10010 clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD, "
        + "stack=0x7f1, stack_size=0x100}, 88) = 10011\n"
        + Self.mmap(10011, "0x7f0000000000") + "10011 exit(0) = ?\n10011 +++ exited with 0 +++\n"
        + "10010 exit_group(0) = ?\n10010 +++ exited with 0 +++\n")
    #expect(replay.map(of: 10010) == ["7f0000000000-7f0000001000 rw-p"])
    #expect(replay.total.processCount == 1)
    #expect(replay.summaries.map(\.hasEnded) == [true])
  }

  /// The child of vfork changes its parent's map until it calls execve.
  @Test func vforkSharesUntilExecve() throws {
    let replay = try LogReplay(
      "10010 vfork( <unfinished ...>\n" + Self.mmap(10011, "0x7f0000000000")
        + "10011 execve(\"/bin/true\", [\"true\"], 0x7ffe /* 3 vars */) = 0\n"
        + "10010 <... vfork resumed>) = 10011\n" + Self.mmap(10011, "0x7f0000020000"))
    #expect(replay.map(of: 10010) == ["7f0000000000-7f0000001000 rw-p"])
    #expect(replay.map(of: 10011) == ["7f0000020000-7f0000021000 rw-p"])
    #expect(replay.summaries.map(\.comm) == [nil, "true"])
  }

  /// The child has the map of the moment at which the call began, whatever the parent's other
  /// threads did before it returned.
  @Test func theChildHasTheMapOfTheStartOfClone() throws {
    let replay = try LogReplay(
      Self.mmap(10010, "0x7f0000000000")
        + "10010 clone(child_stack=0x7f1, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND) = 10012\n"
        + "10010 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>\n"
        + "10012 munmap(0x7f0000000000, 4096) = 0\n" + Self.mmap(10011, "0x7f0000010000")
        + "10010 <... clone resumed>) = 10011\n")
    #expect(replay.map(of: 10010) == [])
    #expect(
      replay.map(of: 10011) == [
        "7f0000000000-7f0000001000 rw-p", "7f0000010000-7f0000011000 rw-p",
      ])
  }

  @Test func anExecveFromAThreadEndsTheOthers() throws {
    let replay = try LogReplay(
      Self.mmap(10010, "0x7f0000000000")
        + "10010 clone(child_stack=0x7f1, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND) = 10011\n"
        + "10011 execve(\"/bin/sh\", [\"sh\"], 0x7ffe /* 3 vars */ <unfinished ...>\n"
        + "10010 +++ superseded by execve in pid 10011 +++\n"
        + "10010 <... execve resumed>) = 0\n" + Self.mmap(10010, "0x7f0000030000"))
    #expect(replay.map(of: 10010) == ["7f0000030000-7f0000031000 rw-p"])
    #expect(replay.total.processCount == 1)
    #expect(replay.summaries[0].comm == "sh")
  }

  /// A number can be given again: the second process of a number has nothing of the first.
  @Test func pidsAreReused() throws {
    let replay = try LogReplay(
      "10010 fork() = 10011\n" + Self.mmap(10011, "0x7f0000000000")
        + "10011 exit_group(0) = ?\n10011 +++ exited with 0 +++\n10010 fork() = 10011\n"
        + "10011 exit_group(1) = ?\n10011 +++ exited with 1 +++\n")
    #expect(replay.images.filter { $0.process.pid == PID(10011) }.map(\.lines.count) == [1, 0])
    #expect(replay.total.processCount == 3)
  }

  /// What other threads still print after exit_group changes nothing and makes no new process.
  @Test func nothingHappensAfterExitGroup() throws {
    let replay = try LogReplay(
      "10010 clone(child_stack=0x7f1, flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND) = 10011\n"
        + Self.mmap(10010, "0x7f0000000000") + "10010 exit_group(0) = ?\n"
        + "10011 munmap(0x7f0000000000, 4096) = 0\n10011 +++ exited with 0 +++\n"
        + "10010 +++ exited with 0 +++\n")
    #expect(replay.map(of: 10010) == ["7f0000000000-7f0000001000 rw-p"])
    #expect(replay.total.processCount == 1)
  }

  /// The note that a killed process has no exit map comes after its end, and is no new process.
  @Test func aNoteAboutADeadProcessDoesNotReviveIt() throws {
    let replay = try LogReplay(
      "# vmareplay 1\n" + Self.mmap(10010, "0x7f0000000000")
        + "10010 +++ killed by SIGTERM +++\n# no-exit 10010 15\n")
    #expect(replay.total.processCount == 1)
  }

  /// Without `-o`, strace names processes only while there are several.
  @Test func aLogThatNamesProcessesOnlyWhileThereAreSeveral() throws {
    let replay = try LogReplay(
      "\(Self.page) = 0x7f0000000000\n"
        + "clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>\n"
        + "[pid 10011] \(Self.page) = 0x7f0000010000\n"
        + "[pid 10010] <... clone resumed>) = 10011\n"
        + "[pid 10010] munmap(0x7f0000000000, 4096) = 0\n"
        + "[pid 10011] exit_group(0) = ?\n[pid 10011] +++ exited with 0 +++\n"
        + "\(Self.page) = 0x7f0000020000\n")
    #expect(replay.total.processCount == 2)
    #expect(replay.map(of: 10010) == ["7f0000020000-7f0000021000 rw-p"])
    #expect(
      replay.map(of: 10011) == [
        "7f0000000000-7f0000001000 rw-p", "7f0000010000-7f0000011000 rw-p",
      ])
  }

  @Test func anUnnamedProcessGetsItsNameLater() throws {
    let replay = try LogReplay(
      "\(Self.page) = 0x7f0000000000\n" + "fork() = 10011\n"
        + "[pid 10010] munmap(0x7f0000000000, 4096) = 0\n"
        + "[pid 10011] \(Self.page) = 0x7f0000010000\n")
    #expect(replay.total.processCount == 2)
    #expect(replay.map(of: 10010) == [])
    #expect(replay.map(of: 10011).count == 2)
  }

  @Test func theTotalHasThePeakThatWasReachedFirst() throws {
    let replay = try LogReplay(
      Self.mmap(10010, "0x7f0000000000") + Self.mmap(10011, "0x7f0000000000")
        + "10011 +++ exited with 0 +++\n10010 +++ exited with 0 +++\n")
    #expect(replay.total.mapCountPeak == 1)
    #expect(replay.total.peakLine == 1)
  }

  @Test func aFailedForkLeavesNoProcess() throws {
    let replay = try LogReplay(
      "10010 fork( <unfinished ...>\n"
        + "10010 <... fork resumed>) = -1 EAGAIN (Resource temporarily unavailable)\n")
    #expect(replay.total.processCount == 1)
    #expect(replay.total.failures == [11: 1])
  }

  @Test func millionsOfPidsNeedNoMoreThanTheLiving() throws {
    var log =
      Self.mmap(10001, "0x7f0000000000")
      + "10001 munmap(0x7f0000000000, 4096) = 0\n"
    for pid in 20_000..<40_000 { log += "10001 fork() = \(pid)\n\(pid) +++ exited with 0 +++\n" }
    let replay = try LogReplay(log)
    #expect(replay.total.processCount == 20_001)
    #expect(replay.summaries.count == 1024)
    // The one that is not as small as the others is kept, though it ended last.
    #expect(replay.summaries.last?.mapCountPeak == 1)
  }
}
