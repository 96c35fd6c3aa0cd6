import SyscallABI
import Testing

@testable import TraceReading

@Suite("Results")
struct ResultTests {
  @Test(
    "every form of a result",
    arguments: [
      ("0", .returned(0)), ("0x7f00", .returned(0x7f00)), ("12", .returned(12)),
      ("-1 ENOMEM (Cannot allocate memory)", .failed(12)),
      ("-1 ENOMEM", .failed(12)),
      ("-1 (errno 12)", .failed(12)), ("-1 ERRNO_524 (Unknown error 524)", .failed(524)),
      ("-1", .failed(0)),
      ("?", SyscallResult(outcome: .unknown)),
      ("? ERESTARTSYS (To be restarted)", SyscallResult(outcome: .unknown, errno: 512)),
      ("? ERESTARTNOINTR (To be restarted)", SyscallResult(outcome: .unknown, errno: 513)),
      ("0 (INJECTED)", SyscallResult(outcome: .returned, isInjected: true)),
      (
        "-1 ENOSYS (Function not implemented) (INJECTED)",
        SyscallResult(outcome: .failed, value: .max, errno: 38, isInjected: true)
      ),
      ("0 (DELAYED)", .returned(0)),
      ("0 (INJECTED) (DELAYED)", SyscallResult(outcome: .returned, isInjected: true)),
      ("0 (INJECTED: args, retval)", SyscallResult(outcome: .returned, isInjected: true)),
      // Arguments were changed, but the kernel did do the call.
      ("0 (INJECTED: args)", .returned(0)),
      ("2 /* 30529 in strace's PID NS */", .returned(30529)),
      ("2<sh> /* 30529 in strace's PID NS */", .returned(30529)),
      ("7807<hello)>", .returned(7807)),
    ] as [(String, SyscallResult)])
  func results(_ text: String, _ result: SyscallResult) throws {
    for duration in ["", " <0.000042>", " <0.000042001>", " <0.042>", " <3>"] {
      let log = Decoded("brk(NULL) = \(text)\(duration)\nbrk(NULL) = 0\n")
      #expect(log.malformed.isEmpty, "\(log.malformed)")
      let event = try #require(log.events.first)
      #expect(event.result == result)
      let nanoseconds: Int64 =
        switch duration {
        case "": -1
        case " <0.000042>": 42_000
        case " <0.000042001>": 42_001
        case " <0.042>": 42_000_000
        default: 3_000_000_000
        }
      #expect(event.duration.nanoseconds == nanoseconds)
    }
  }

  @Test(
    "lines that claim to be a call and are wrong",
    arguments: [
      "munmap(0x1000) = 0", "munmap(0x1000, 4096, 7) = 0", "munmap() = 0", "munmap(0x1000, 4096)",
      "munmap(0x1000, 4096) =", "munmap(0x1000, 4096) = ", "munmap(0x1000, 4096) = zero",
      "munmap(0xg, 4096) = 0", "munmap(0x, 4096) = 0", "munmap(4096, 12x4) = 0",
      "munmap(0x10000000000000000, 1) = 0", "munmap(1, 18446744073709551616) = 0",
      "munmap(0x1000, 4096) = 0x7g", "munmap(0x1000, 4096) = -1 EFOO (Foo)",
      "munmap(0x1000, 4096) = 0 <0.1", "munmap(0x1000, 4096) = 0 <0.>", "munmap(0x1000 4096) = 0",
      "munmap(0x1000, 4096) = 0 garbage", "munmap(0x1000, 4096", "munmap(0x1000, 4096 <unfin",
      "munmap(, 4096) = 0", "brk(one) = 0", "munmap(0x1000, 4096) 0",
      "mmap(NULL, 4096, PROT_FOO, MAP_PRIVATE, -1, 0) = 0x1000",
      "mmap(NULL, 4096, PROT_READ, MAP_READ, -1, 0) = 0x1000",
      "mmap(NULL, 4096, MAP_PRIVATE, PROT_READ, -1, 0) = 0x1000",
      "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</tmp, 0) = 0x1000",
      "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) = 0x1000",
      "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|, 3, 0) = 0x1000",
      "madvise(0x1000, 4096, MADV_NONSENSE) = 0", #"execve("/bin/ls, ["ls"], 0x7f) = 0"#,
      "clone(child_stack=NULL, flags=CLONE_EVERYTHING) = 5",
      "clone3({flags=CLONE_VM, stack=zero}, 88) = 5", "exit_group(none) = ?",
      "prlimit64(0, RLIMIT_FOO, NULL, NULL) = 0", "setrlimit(RLIMIT_AS, {rlim_cur=x}) = 0",
      "mmap(NULL, 4096, PROT_READ, 99<<MAP_HUGE_SHIFT, -1, 0) = 0x1000",
    ])
  func malformed(_ line: String) {
    let log = Decoded("brk(NULL) = 0x1000\n\(line)\nbrk(NULL) = 0x1000\n")
    #expect(log.malformed.map(\.line) == [2])
    #expect(log.events.map(\.line) == [1, 3])
    #expect(log.error == nil)
  }

  @Test("messages name the value")
  func messages() {
    let log = Decoded("mmap(NULL, 4096, PROT_READ, MAP_FOO, -1, 0) = 0x1000\nhello world\n")
    #expect(log.malformed[0].message.contains("unknown mmap flag 'MAP_FOO"))
    #expect(log.malformed[1].message.contains("not a line of strace: 'hello world'"))
  }
}
