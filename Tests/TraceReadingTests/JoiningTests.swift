import SyscallABI
import Testing

@testable import TraceReading

@Suite("Calls that the log shows in two halves")
struct JoiningTests {
  @Test("a joined call has its first half's time and its second half's line and duration")
  func joined() throws {
    let log = Decoded(
      """
      7     100000000.000001 munmap(0x1000, 4096 <unfinished ...>
      8     100000000.000002 brk(NULL) = 0x5000 <0.000001>
      7     100000000.000003 <... munmap resumed>) = 0 <0.000042>

      """)
    #expect(log.began.map(\.line) == [1])
    #expect(log.began.first?.result == .unfinished)
    #expect(log.events.map(\.line) == [2, 3])
    let event = log.events[1]
    #expect(event.time.nanoseconds == 100_000_000_000_001_000)
    #expect(event.duration.nanoseconds == 42_000)
    #expect(event.pid == PID(7))
    #expect("\(event.call)" == "\(log.began[0].call)")
  }

  @Test(
    "the halves in every spelling, cut anywhere",
    arguments: [
      (
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>",
        "<... mmap resumed>) = 0x1000"
      ),
      (
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>",
        "<... mmap resumed> ) = 0x1000"
      ),
      (
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0 <unfinished ...>",
        "<... mmap resumed> )     = 0x1000"
      ),
      (
        "mmap(NULL, 4096, PROT_READ,  <unfinished ...>",
        "<... mmap resumed>MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000"
      ),
      (
        "mmap(NULL, 4096 <unfinished ...>",
        "<... mmap resumed>, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000"
      ),
      (
        "mmap(NULL, 4096 <unfinished ...>",
        "<... mmap resumed> , PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000"
      ),
      (
        "mmap( <unfinished ...>",
        "<... mmap resumed>NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000"
      ),
      (
        "mmap(<unfinished ...>",
        "<... mmap resumed>NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000"
      ),
    ])
  func spellings(_ first: String, _ second: String) throws {
    let log = Decoded("7     \(first)\n7     \(second)\n")
    let whole = Decoded(
      "\n7     mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000\n")
    #expect(log.malformed.isEmpty, "\(log.malformed)")
    #expect(log.began.count == 1)
    #expect(log.summary.last == whole.summary.last)
  }

  @Test("arguments that only the second half shows")
  func lateArguments() throws {
    let log = Decoded(
      """
      7     prlimit64(0, RLIMIT_STACK, NULL,  <unfinished ...>
      7     <... prlimit64 resumed>{rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0
      7     clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD, stack=0x7f00, stack_size=0x9000} <unfinished ...>
      7     <... clone3 resumed> => {parent_tid=[0]}, 88) = 8
      7     process_madvise(5, [{iov_base=0x1000, iov_len=4096}], 1, MADV_COLD, 0 <unfinished ...>
      7     <... process_madvise resumed>) = 4096
      7     prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x1000, 4096, "a <unfinished ...>" <unfinished ...>
      7     <... prctl resumed>) = 0
      7     prctl(PR_SET_NAME, "x" <unfinished ...>
      7     <... prctl resumed>) = 0

      """)
    #expect(log.malformed.isEmpty, "\(log.malformed)")
    #expect(log.events.map(\.line) == [2, 4, 6, 8])
    #expect(log.iovecs == [[IOVec(base: Address(0x1000), length: 4096)]])
    #expect(log.names == ["a <unfinished ...>"])
    #expect(log.events[1].result == .returned(8))
  }

  @Test("side tables of a call that ends in another batch")
  func acrossBatches() {
    let text = """
      7     process_madvise(5, [{iov_base=0x1000, iov_len=4096}], 1, MADV_COLD, 0 <unfinished ...>
      8     brk(NULL) = 0x1000
      8     brk(NULL) = 0x1000
      7     <... process_madvise resumed>) = 4096
      9     prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x1000, 4096, "name" <unfinished ...>
      8     brk(NULL) = 0x1000

      """
    let small = Decoded(text, itemsPerBatch: 1)
    #expect(small.events.map(\.line) == [2, 3, 4, 6, 5])
    #expect(small.names == ["name"])
    #expect(small.iovecs == [[IOVec(base: Address(0x1000), length: 4096)]])
  }

  @Test("halves without a pid")
  func withoutPID() {
    let log = Decoded(
      """
      munmap(0x1000, 4096 <unfinished ...>
      [pid     8] brk(NULL <unfinished ...>
      [pid     7] <... munmap resumed>) = 0
      <... brk resumed>) = 0x5000
      [pid     7] munmap(0x1000, 4096 <unfinished ...>
      [pid     8] munmap(0x2000, 4096 <unfinished ...>
      <... munmap resumed>) = 0

      """)
    #expect(log.events.map(\.pid.rawValue) == [7, 8, 7, 8])
    #expect(log.events.prefix(2).map(\.line) == [3, 4])
    // Two calls of that name wait: whose end it is cannot be told.
    #expect(log.malformed.map(\.line) == [7])
    #expect(log.events.suffix(2).allSatisfy { $0.result.outcome == .unfinished })
  }

  @Test("a second half without its beginning")
  func orphans() throws {
    let log = Decoded(
      """
      7     <... execve resumed>) = 0 <0.000300>
      7     <... munmap resumed>) = 0
      7     <... read resumed>"abc", 3) = 3
      7     <... prctl resumed>) = 0
      7     <... exit_group resumed>) = ?

      """)
    #expect(log.malformed.map(\.line) == [2, 5])
    let event = try #require(log.events.first)
    #expect(log.events.count == 1)
    #expect(event.name == .execve && event.result == .returned(0))
    guard case .execve(let path) = event.call else { return }
    #expect(path == .none)
  }

  @Test(
    "a call that never ends comes out just before its process",
    arguments: [
      "<unfinished ...>", "<detached ...>", "<pid changed to 9 ...>",
      "<unfinished ... exit status 0>",
    ])
  func neverEnding(_ ending: String) {
    let log = Decoded(
      """
      7     munmap(0x1000, 4096 \(ending)
      8     brk(NULL \(ending)
      9     brk(NULL) = 0x1000
      7     +++ exited with 0 +++
      9     brk(NULL) = 0x1000

      """)
    #expect(log.malformed.isEmpty)
    #expect(log.events.map(\.line) == [3, 1, 5, 2])
    #expect(
      log.events.map(\.result.outcome) == [.returned, .unfinished, .returned, .unfinished])
    guard case .processEnded(let end) = log.items[4] else {
      Issue.record("\(log.summary)")
      return
    }
    #expect(end.pid == PID(7) && end.line == 4)
  }

  @Test("execve by a thread that is not the first: the call ends under the new pid")
  func superseded() throws {
    for ending in ["<unfinished ...>", "<pid changed to 11561 ...>"] {
      let log = Decoded(
        """
        11561 munmap(0x1000, 4096 <unfinished ...>
        11564 execve("/bin/true", ["true"], 0x7f /* 3 vars */ \(ending)
        11561 +++ superseded by execve in pid 11564 +++
        11561 <... execve resumed>) = 0 <0.001>

        """)
      #expect(log.malformed.isEmpty)
      #expect(log.events.map(\.name) == [.munmap, .execve])
      #expect(log.events.map(\.pid.rawValue) == [11561, 11561])
      #expect(log.events[0].result.outcome == .unfinished)
      #expect(log.events[1].result == .returned(0))
      guard case .superseded(let by) = try #require(log.ends.first).cause else {
        Issue.record("\(log.ends)")
        return
      }
      #expect(by == PID(11564))
      guard case .execve(let path) = log.events[1].call else { return }
      #expect(log.paths.text(of: path) == "/bin/true")
    }
  }

  @Test("ends of processes")
  func ends() {
    let log = Decoded(
      """
      7     +++ exited with 3 +++
      8     +++ killed by SIGSEGV (core dumped) +++
      9     +++ killed by SIGRT_8 +++
      10    +++ killed by SIGKILL +++
      +++ exited with 255 +++

      """)
    let causes = log.ends.map { end -> String in
      switch end.cause {
      case .exited(let status): "\(end.pid.rawValue) exited \(status)"
      case .killed(let signal, let core): "\(end.pid.rawValue) killed \(signal) \(core)"
      case .superseded: "superseded"
      }
    }
    #expect(
      causes == [
        "7 exited 3", "8 killed 11 true", "9 killed 40 false", "10 killed 9 false",
        "-1 exited 255",
      ])
  }

  @Test("many calls that wait at the same time")
  func many() {
    let pids = 1...3000
    let first = pids.map { "\($0) munmap(0x\($0)000, 4096 <unfinished ...>\n" }
    let second = pids.reversed().map { "\($0) <... munmap resumed>) = 0\n" }
    let log = Decoded((first + second).joined())
    #expect(log.events.map(\.pid.rawValue) == pids.reversed().map { Int32($0) })
    #expect(log.events.allSatisfy { $0.result == .returned(0) })
  }
}
