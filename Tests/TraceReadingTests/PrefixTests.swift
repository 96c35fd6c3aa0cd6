import SyscallABI
import Testing

@testable import TraceReading

@Suite("What stands before a call")
struct PrefixTests {
  private static let call = "munmap(0x1000, 4096) = 0"

  @Test(
    "pid and time in every form",
    arguments: [
      ("", nil, nil),
      ("1234  ", 1234, nil),
      ("1234567 ", 1_234_567, nil),
      ("1234<bash> ", 1234, nil),
      ("1234<a) b> ", 1234, nil),
      ("[pid  1234] ", 1234, nil),
      ("[pid 1234<tokio-rt>] ", 1234, nil),
      (
        "[pid  1234<hello)>] 02:12:31.529741 (+     0.000193) [ 231] [00007fed6dce6409] ", 1234,
        7951.529741
      ),
      ("12:34:56 ", nil, 45296),
      ("1234  12:34:56.000001 ", 1234, 45296.000001),
      ("1234  12:34:56.000001002 ", 1234, 45296.000001002),
      ("1700000000.123456 ", nil, 1_700_000_000.123456),
      ("1700000000 ", nil, 1_700_000_000),
      ("1234  1700000000 ", 1234, 1_700_000_000),
      ("1234  1700000000.123 ", 1234, 1_700_000_000.123),
      ("     0.000123 ", nil, 0.000123),
      ("     1 ", nil, 1),
      ("1234       0.5 ", 1234, 0.5),
      ("1234       2 ", 1234, 2),
      ("12345      0.000000007 ", 12345, 0.000000007),
      ("1700000000.123456 (+     5.000000) ", nil, 1_700_000_000.123456),
      ("12:34:56 (+     1) ", nil, 45296),
      ("[   9] ", nil, nil),
      ("[00007f0012345678] ", nil, nil),
      ("[????????????????] ", nil, nil),
      ("1234  1700000000.123456 [  11] [00007f0012345678] ", 1234, 1_700_000_000.123456),
      ("1234  [unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023] 12:34:56 ", 1234, 45296),
      ("7     1700000000.000001 ", 7, 1_700_000_000.000001),
    ] as [(String, Int32?, Double?)])
  func forms(_ prefix: String, _ pid: Int32?, _ seconds: Double?) throws {
    let log = Decoded(prefix + Self.call + "\n")
    #expect(log.malformed.isEmpty, "\(log.malformed)")
    let event = try #require(log.events.first)
    #expect(event.pid == pid.map { PID($0) } ?? .none)
    if let seconds {
      #expect(abs(Double(event.time.nanoseconds) / 1e9 - seconds) < 0.6e-6)
    } else {
      #expect(event.time == .none)
    }
  }

  @Test("the same prefix before other lines")
  func otherLines() {
    let log = Decoded(
      """
      [pid  7<a>] 12:00:00 (+     0.000001) [ 231] [????????????????] +++ exited with 3 +++
      [pid  8<a>] 12:00:01 (+     0.000001) [ 231] [00007f0012345678] <... munmap resumed>) = 0
      [pid  9] 12:00:01 [ 231] --- SIGCHLD {si_signo=SIGCHLD, si_pid=[1]} ---

      """)
    #expect(log.ends.count == 1)
    #expect(log.ends.first?.pid == PID(7))
    #expect(log.malformed.map(\.line) == [2])
  }

  @Test("differences alone are summed up over all lines")
  func relativeTimes() {
    let log = Decoded(
      """
           0.000000 execve("/bin/true", ["true"], 0x7f /* 3 vars */) = 0
           0.500000 access("x", F_OK) = -1 ENOENT (No such file or directory)
           1.250000 munmap(0x1000, 4096) = 0
       > /lib/libc.so.6(munmap+0x7) [0x11]
           0.250000 brk(NULL) = 0x1000

      """)
    #expect(log.events.map { $0.time.nanoseconds } == [0, 1_750_000_000, 2_000_000_000])
  }

  @Test("differences that add up to more than there is time stay at its end", arguments: [1, -1])
  func endlessTimes(_ sign: Int) {
    let difference = sign < 0 ? "-8000000000" : "8000000000"
    let line = "5     12:00:00 (+ \(difference).000000) brk(NULL) = 0x1000\n"
    #expect(Decoded(String(repeating: line, count: 3)).events.count == 3)
    let alone = "     (+ \(difference).000000) brk(NULL) = 0x1000\n"
    #expect(Decoded(String(repeating: alone, count: 3)).events.count == 3)
  }

  @Test("midnight begins a new day; a clock set back a little does not")
  func midnight() {
    let log = Decoded(
      ["23:59:59.5", "00:00:00.5", "00:00:00.25", "12:00:00", "23:59:58", "00:00:01"].map {
        "5     \($0) brk(NULL) = 0x1000\n"
      }.joined())
    #expect(
      log.events.map { Double($0.time.nanoseconds) / 1e9 }
        == [86399.5, 86400.5, 86400.25, 129600, 172798, 172801])
  }

  @Test("times that are none are reported", arguments: ["25:00:00 ", "12:60:00 ", "12:00 "])
  func badTimes(_ prefix: String) {
    let log = Decoded("brk(NULL) = 0x1000\n" + prefix + Self.call + "\n")
    #expect(log.malformed.map(\.line) == [2])
    #expect(log.events.count == 1)
  }

  @Test("a single process needs no pid, and gets one when a second appears")
  func comingAndGoing() {
    let log = Decoded(
      """
      brk(NULL) = 0x1000
      clone(child_stack=NULL, flags=SIGCHLDstrace: Process 8 attached
      , child_tidptr=0x7f) = 8
      [pid     7] munmap(0x1000, 4096 <unfinished ...>
      [pid     8] +++ exited with 0 +++
      <... munmap resumed>) = 0
      munmap(0x2000, 4096) = 0

      """)
    #expect(log.malformed.isEmpty)
    #expect(log.events.map(\.pid.rawValue) == [-1, -1, 7, -1])
    #expect(log.events.map(\.line) == [1, 3, 6, 7])
  }
}
