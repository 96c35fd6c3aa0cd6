import SyscallABI
import Testing

@testable import TraceReading

@Suite("Calls as strace prints them")
struct CallTests {
  @Test("mmap with pid, time, path and duration")
  func usualLine() throws {
    let log = Decoded(
      "7795  1795227151.451378 mmap(0x7fb36e038000, 1400832, PROT_READ|PROT_EXEC, "
        + "MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE, 3</usr/lib/x86_64-linux-gnu/libc.so.6>, 0x26000)"
        + " = 0x7fb36e038000 <0.000085>\n")
    let event = try #require(log.events.first)
    #expect(log.items.count == 1)
    #expect(event.pid == PID(7795))
    #expect(event.time.nanoseconds == 1_795_227_151_451_378_000)
    #expect(event.duration.nanoseconds == 85_000)
    #expect(event.result == .returned(0x7fb3_6e03_8000))
    #expect(event.line == 1)
    let file = log.paths.intern("/usr/lib/x86_64-linux-gnu/libc.so.6")
    let expected = SyscallEvent.Call.mmap(
      addr: Address(0x7fb3_6e03_8000), length: 1_400_832, prot: .read | .exec,
      flags: .private | .fixed | .denyWrite, fd: 3, file: file, offset: 0x26000)
    #expect("\(event.call)" == "\(expected)")
  }

  @Test("every call, its name and its arguments", arguments: callRows)
  func everyCall(_ row: Row) throws {
    let line = row.line
    for log in ["\(line)\n", "\(line) <0.000042>\n", "12    1.5 \(line)\n", "\(line)"] {
      let decoded = Decoded(log)
      #expect(decoded.malformed.isEmpty, "\(decoded.malformed)")
      let event = try #require(decoded.events.first)
      #expect(event.name == row.name)
      #expect("\(event.call)" == "\(row.call)")
    }
  }

  @Test("names that -N prints before arguments change nothing")
  func argumentNames() throws {
    let named = Decoded(
      """
      mmap(addr=NULL, length=4096, prot=PROT_READ, flags=MAP_PRIVATE|MAP_ANONYMOUS, fd=-1, offset=0) = 0x1000
      munmap(addr=0x1000, length=4096) = 0
      madvise(addr=0x1000, length=4096, advice=MADV_FREE) = 0
      prlimit64(pid=0, resource=RLIMIT_STACK, new_limit=NULL, old_limit={rlim_cur=1, rlim_max=2}) = 0
      prctl(option=PR_SET_VMA, attr=PR_SET_VMA_ANON_NAME, addr=0x1000, size=4096, name="x") = 0

      """)
    let plain = Decoded(
      """
      mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000
      munmap(0x1000, 4096) = 0
      madvise(0x1000, 4096, MADV_FREE) = 0
      prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=1, rlim_max=2}) = 0
      prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x1000, 4096, "x") = 0

      """)
    #expect(named.events.map { "\($0.call)" } == plain.events.map { "\($0.call)" })
    #expect(named.names == plain.names)
    #expect(plain.events.count == 5)
  }

  @Test(
    "flags as names, numbers and numbers with comments",
    arguments: [
      ("MAP_PRIVATE|MAP_ANONYMOUS", 0x22), ("0x22", 0x22), ("34", 0x22),
      ("0x22 /* MAP_PRIVATE|MAP_ANONYMOUS */", 0x22),
      ("0x24 /* 0x4 /* MAP_??? */|MAP_ANONYMOUS */", 0x24),
      ("0x4 /* MAP_??? */|MAP_ANONYMOUS", 0x24),
      ("MAP_PRIVATE|MAP_ANONYMOUS|0x400000", 0x40_0022),
      ("MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT", 0x5404_0022),
      ("0x54040022 /* MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT */", 0x5404_0022),
      ("MAP_FILE|MAP_SHARED", 1), ("MAP_DROPPABLE|MAP_ANONYMOUS", 0x28), ("0", 0),
      ("MAP_SHARED|MAP_FIXED_NOREPLACE|MAP_UNINITIALIZED", 0x410_0001),
    ])
  func flagWords(_ text: String, _ value: UInt64) throws {
    let log = Decoded("mmap(NULL, 4096, PROT_READ, \(text), -1, 0) = 0x1000\n")
    let event = try #require(log.events.first)
    guard case .mmap(_, _, _, let flags, _, _, _) = event.call else { return }
    #expect(flags.rawValue == value)
  }

  @Test("mmap2's offset is in pages, in bytes, or raw")
  func pageOffsets() throws {
    func offset(_ name: String, _ rest: String) throws -> UInt64 {
      let log = Decoded("\(name)(\(rest)) = 0x1000\n")
      guard case .mmap(_, _, _, _, _, _, let offset) = try #require(log.events.first).call else {
        return 1
      }
      return offset
    }
    #expect(try offset("mmap2", "NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0x140") == 0x140000)
    #expect(try offset("mmap2", "NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 7") == 0x7000)
    #expect(try offset("mmap2", "NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0x140000") == 0x140000)
    #expect(try offset("mmap2", "0, 0x1000, 0x1, 0x2, 0x3, 0x1000") == 0x1000000)
    #expect(try offset("mmap", "NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0x140") == 0x140)
    #expect(try offset("old_mmap", "{NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0x1000}") == 0x1000)
    #expect(
      try offset(
        "old_mmap", "{addr=NULL, len=4096, prot=PROT_READ, flags=MAP_PRIVATE, fd=3, offset=0}")
        == 0)
  }

  @Test("raw output means the same as symbolic output")
  func raw() throws {
    let symbolic = Decoded(
      """
      mmap(NULL, 2097152, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7fac7634e000
      shmat(-1, NULL, 0) = -1 EINVAL (Invalid argument)
      clone(child_stack=NULL, flags=CLONE_VM|CLONE_VFORK|SIGCHLD) = 7817
      exit_group(-1) = ?
      mprotect(0x1000, 4096, PROT_NONE) = -1 ENOMEM (Cannot allocate memory)

      """)
    let raw = Decoded(
      """
      mmap(0, 0x200000, 0x3, 0x22, 0xffffffff, 0) = 0x7fac7634e000
      shmat(0xffffffff, 0, 0) = -1 EINVAL (Invalid argument)
      clone(0x4111, 0, 0, 0, 0) = 0x1e89
      exit_group(0xffffffff) = ?
      mprotect(0x1000, 0x1000, 0) = -1 (errno 12)

      """)
    #expect(symbolic.events.count == 5)
    #expect(raw.summary == symbolic.summary)
  }

  @Test("prctl is decoded for PR_SET_VMA only, in every spelling")
  func setVMA() {
    let log = Decoded(
      #"""
      prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x1000, 4096, "my \"na\\me\76") = 0
      prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x1000, 4096, NULL) = 0
      prctl(0x53564d41 /* PR_SET_VMA */, 0 /* PR_SET_VMA_ANON_NAME */, 0x1000, 4096, "\x61b") = 0
      prctl(0x53564d41, 0, 0x1000, 0x1000, 0x55fd57e06071) = 0
      prctl(PR_SET_NAME, "hello)") = 0
      prctl(PR_CAPBSET_READ, CAP_CHOWN
      prctl(0xf, 0x55fd57e0607b, 0, 0x7fac7627045d, 0) = 0

      """#)
    #expect(log.names == [#"my "na\me>"#, nil, "ab", nil])
    #expect(log.items.count == 4)
  }

  @Test("process_madvise's vector lies in the batch")
  func processMadvise() throws {
    let log = Decoded(
      """
      process_madvise(5<anon_inode:[pidfd]>, [{iov_base=0x1000, iov_len=4096}, {iov_base=NULL, iov_len=0}], 2, MADV_COLD, 0) = 4096
      process_madvise(5<pid:78<a) b>>, 0x1, 2, 0x14 /* MADV_COLD */, 0) = -1 EFAULT (Bad address)
      process_madvise(0x5, 0x7ffe, 0x2, 0x14, 0) = 0x2000

      """)
    #expect(log.malformed.isEmpty)
    #expect(log.events.count == 3)
    #expect(
      log.iovecs == [
        [IOVec(base: Address(0x1000), length: 4096), IOVec(base: .zero, length: 0)], [], [],
      ])
  }

  @Test("execve and execveat give the path, however it is spelled")
  func execve() {
    let log = Decoded(
      #"""
      execve("/bin/ls", ["ls", "a) = 0", "-l"...], 0x7ffd /* 35 vars */) = 0
      execve("\x2f\x62\x69\x6e", ["\x61"], ["A=b, c"]) = -1 ENOENT (No such file or directory)
      execve("/a\303\251\n\"", NULL, NULL) = 0
      execve(NULL, NULL, NULL) = -1 EFAULT (Bad address)
      execve(0x55fd57e06084, 0x7fffe6073a50, 0x7fffe6073cb8) = 0
      execveat(AT_FDCWD</tmp/x, y>, "/nonexist", NULL, NULL, 0) = -1 ENOENT (No such file or directory)
      execveat(3</tmp/x>, "", ["x"], NULL, AT_EMPTY_PATH) = 0
      execve("/bin/cat" [system_u:object_r:bin_t:s0], ["cat"], 0x7ffd) = 0

      """#)
    let paths = log.events.map { event -> String in
      guard case .execve(let path) = event.call else { return "?" }
      return path == .none ? "nil" : log.paths.text(of: path)
    }
    #expect(
      paths == ["/bin/ls", "/bin", "/aé\n\"", "nil", "nil", "/nonexist", "", "/bin/cat"])
    #expect(log.malformed.isEmpty)
  }

  @Test("calls of no interest give no items, whatever is in them")
  func otherCalls() {
    let log = Decoded(
      #"""
      openat(AT_FDCWD, "/etc/mmap(NULL", O_RDONLY) = 3</etc/mmap(NULL>
      write(1, "munmap(0x1000, 1) = 0\n"..., 22) = 22
      syscall_0x1ce(0x7fb36dfff000, 0, 0xffffffffffffff80, 0, 0x8, 0x7fb36e23aad0) = -1 EINVAL (Invalid argument)
      ???( <unfinished ...>
      restart_syscall(<... resuming interrupted read ...>) = 0
      mmapx(1) = 2

      """#)
    #expect(log.items.count == 1 && log.descriptors.count == 1)
    #expect(log.error == nil)
  }

  @Test("clone3 has a flag where clone has the signal")
  func newTime() throws {
    let log = Decoded(
      "clone3({flags=CLONE_VM|CLONE_NEWTIME, exit_signal=SIGCHLD, stack=NULL, stack_size=0}, 88) = 5\n"
    )
    guard case .clone3(let flags, _, _) = try #require(log.events.first).call else {
      Issue.record("no clone3")
      return
    }
    #expect(flags.namesInClone3 == ["CLONE_VM", "CLONE_NEWTIME"])
    #expect(CloneFlags(rawValue: 0x111).namesInClone3 == ["SIGCHLD", "CLONE_VM"])
  }
}
