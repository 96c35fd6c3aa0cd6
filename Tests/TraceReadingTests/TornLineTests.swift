import SyscallABI
import Testing

@testable import TraceReading

@Suite("Lines that messages, terminals and crashes damaged")
struct TornLineTests {
  @Test("a line torn by strace's own message is healed")
  func healed() throws {
    let log = Decoded(
      """
      [pid 7] munmap(0x7f0000000000, 2097152strace: Process 11573 attached
      ) = 0 <0.000042>
      [pid 7] brk(NULL) = 0x1000

      """)
    #expect(log.malformed.isEmpty)
    #expect(log.events.map(\.line) == [2, 3])
    let event = log.events[0]
    #expect(event.pid == PID(7))
    #expect(event.duration.nanoseconds == 42_000)
    #expect(
      "\(event.call)"
        == "\(SyscallEvent.Call.munmap(addr: Address(0x7f00_0000_0000), length: 2_097_152))")
  }

  @Test("torn at every byte, by every message")
  func everywhere() {
    let line = "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE, 3</tmp/a b>, 0) = 0x7f00"
    let whole = Decoded("\n" + line + "\n").summary
    for message in [
      "strace: Process 11573 attached", "Process 11573 attached", "strace: Process 5 detached",
      "[ Process PID=5 runs in 32 bit mode. ]",
    ] {
      for cut in 5...line.count {
        let log = Decoded(line.prefix(cut) + message + "\n" + line.dropFirst(cut) + "\n")
        #expect(log.summary == whole, "cut at \(cut): \(line.prefix(cut))")
      }
    }
  }

  @Test("a second half torn at every byte, the first half with and without all arguments")
  func secondHalves() {
    let whole = "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE, 3</tmp/a b>, 0"
    for length in [10, 16, 38, whole.count] {
      let half = whole.prefix(length)  // strace cuts between arguments
      let rest = "<... mmap resumed>\(whole.dropFirst(length))) = 0x7f00 <0.000001>"
      let first = "7 \(half) <unfinished ...>\n"
      let expected = Decoded(first + "\n7 \(rest)\n").summary
      for cut in 18...rest.count {
        let torn = "7 \(rest.prefix(cut))strace: Process 5 attached\n\(rest.dropFirst(cut))\n"
        let log = Decoded(first + torn)
        #expect(log.summary == expected, "\(half) cut at \(cut): \(rest.prefix(cut))")
      }
    }
  }

  @Test("a line torn again and again is given up before it gets long")
  func tornForEver() {
    let part = String(repeating: "x", count: 1000) + "strace: Process 5 attached\n"
    let log = Decoded("munmap(0x1000, \"" + String(repeating: part, count: 400) + "brk(0) = 0\n")
    #expect(log.events.map(\.line) == [401])
  }

  @Test("a torn line of another call swallows its rest, and nothing else")
  func otherCall() {
    let log = Decoded(
      """
      read(3, "abc"strace: Process 5 attached
      , 3) = 3
      brk(NULL) = 0x1000
      read(3, "abc"strace: Process 5 attached
      brk(NULL) = 0x1000
      write(1, "strace: Process 5 attached
      brk(NULL) = 0x1000

      """)
    #expect(log.events.map(\.line) == [3, 5, 7])
    #expect(log.malformed.isEmpty)
  }

  @Test("a torn line whose rest never comes is reported, and the next line is not lost")
  func neverHealed() {
    let log = Decoded(
      """
      munmap(0x1000, strace: Process 5 attached
      brk(NULL) = 0x1000
      munmap(0x1000, strace: Process 5 attached
      """)
    #expect(log.malformed.map(\.line) == [1, 3])
    #expect(log.events.map(\.line) == [2])
  }

  @Test("a difference of times in a torn line counts once")
  func clock() {
    let log = Decoded(
      """
           1.000000 munmap(0x1000, 4096strace: Process 5 attached
      ) = 0
           1.000000 brk(NULL) = 0x1000

      """)
    #expect(log.events.map { $0.time.nanoseconds } == [1_000_000_000, 2_000_000_000])
  }

  @Test("colours, carriage returns, a byte order mark and NUL padding")
  func decorations() {
    let plain = Decoded("7     1700000000.000001 brk(NULL) = 0x1000 <0.1>\n")
    for line in [
      "\u{1b}[32m7\u{1b}[0m     1700000000.000001 \u{1b}[1;31mbrk\u{1b}[m(NULL) = \u{1b}[36m0x1000\u{1b}[0m <0.1>\n",
      "7     1700000000.000001 brk(NULL) = 0x1000 <0.1>\r\n",
      "\u{feff}7     1700000000.000001 brk(NULL) = 0x1000 <0.1>\n",
      "\0\0\0\0\0\0\0\0\0\0\0\07     1700000000.000001 brk(NULL) = 0x1000 <0.1>\n",
      "7     1700000000.000001 brk(NULL) = 0x1000 <0.1>\n\0\0\0\0",
      "7     1700000000.000001 brk(NULL) = 0x1000 <0.1>\u{1b}(B\u{1b}[m\n",
    ] {
      let log = Decoded(line)
      #expect(log.summary == plain.summary)
      #expect(log.error == nil)
    }
  }

  @Test("what strace and its options print besides calls is passed over")
  func messages() {
    let log = Decoded(
      #"""
      strace: Process 11573 attached
      Process 11573 attached (waiting for parent)
      [ Process PID=11573 runs in 32 bit mode. ]
      [pid 11573] strace: some message
       > /lib/x86_64-linux-gnu/libc.so.6(__mmap+0x13) [0x1013]
       > unexpected_backtracing_error [0x7f]
       | 00000  7f 45 4c 46 02 01 01 00  00 00 00 00 00 00 00 00  .ELF............ |
       * 16 bytes in buffer 0
       | 00000  01                                                .                |
      7     --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=8} ---
      --- SIGCHLD (Child exited) @ 0 (0) ---
      7     --- stopped by SIGSTOP ---

      7     <... futex resumed>) = 0
       <detached ...>
      7     brk(NULL) = 0x1000
      % time     seconds  usecs/call     calls    errors syscall
      ------ ----------- ----------- --------- --------- ----------------
       25.00    0.000010          10         1           mmap
      ------ ----------- ----------- --------- --------- ----------------
      100.00    0.000040          10         4         1 total
      System call usage summary for 32 bit mode:
      """#)
    #expect(log.malformed.isEmpty, "\(log.malformed)")
    #expect(log.events.map(\.line) == [16])
  }
}
