import Foundation
import SyscallABI
import Testing
import TraceReading

@Suite struct FaultListTests {
  private func faults(_ text: String) throws -> [PageFault] {
    try all(try FaultList(text: text))
  }

  private func all(_ list: FaultList) throws -> [PageFault] {
    var faults: [PageFault] = []
    while let fault = list.next() { faults.append(fault) }
    #expect(UInt64(faults.count) == list.count && list.failure == nil)
    return faults
  }

  private func time(_ nanoseconds: Int64) -> PageFault.Moment {
    .time(SyscallEvent.Timestamp(nanoseconds: nanoseconds))
  }

  @Test func bothFormsAreRead() throws {
    let own = try faults(
      """
      # a comment
      12 1.5 0x7f0000001000 w

      13 2.000000007 0x10 r
      """)
    #expect(
      own == [
        PageFault(
          thread: PID(12), moment: time(1_500_000_000), address: Address(0x7f00_0000_1000),
          isWrite: true),
        PageFault(
          thread: PID(13), moment: time(2_000_000_007), address: Address(0x10),
          isWrite: false),
      ])
    let perf = try faults(
      """
                   ls 22591 [000]  1754.007600: exceptions:page_fault_kernel: address=0x563b10b285c0 \
      ip=elf_load error_code=0x2
      \tffffffff8175336a clear_user+0x1a ([kernel.kallsyms])

      tmux: server 5/7 [001] d..1. 1754.0077: exceptions:page_fault_user: address=0x10 ip=0x5 error_code=0x4
      22591/22592  1754.008101084: exceptions:page_fault_user: address=0x7f707eba0110 ip=0x5 \
      error_code=0x7
      22591  1755.000000000: syscalls:sys_enter_mmap: addr: 0x0
      """)
    #expect(perf.map(\.thread.rawValue) == [22591, 7, 22592])
    #expect(perf.map(\.isWrite) == [true, false, true])
    #expect(perf.map(\.address.rawValue) == [0x563b_10b2_85c0, 0x10, 0x7f70_7eba_0110])
    #expect(perf[2].moment == time(1_754_008_101_084) && perf[1].moment == time(1_754_007_700_000))
  }

  @Test func anOffsetMovesTheClock() throws {
    let moved = try faults("# offset 100.5\n1 1.0 0x1000 w\n# offset -0.5\n1 200.0 0x1000 w\n")
    #expect(moved.map(\.moment) == [time(101_500_000_000), time(199_500_000_000)])
  }

  @Test func faultsComeInOrder() throws {
    let sorted = try faults("1 3.0 0x1 w\n2 1.0 0x2 w\n3 3.0 0x3 w\n4 2.0 0x4 w\n")
    #expect(sorted.map(\.thread.rawValue) == [2, 4, 1, 3])
    let lines = try faults("1 @30 0x1 w\n2 @4 0x2 w\n")
    #expect(lines.map(\.moment) == [.line(4), .line(30)])
  }

  @Test(arguments: [
    ("x 1.0 0x1 w", 1, "a pid is expected"), ("1 1.0 0x1 w\n1 y 0x1 w", 2, "a time in seconds"),
    ("1 @x 0x1 w", 1, "the number of a line"), ("1 1.0 123 w", 1, "an address"),
    ("1 1.0 0x1 x", 1, "w or r"), ("1 1.0 0x1 w more", 1, "the end of the line"),
    ("1 1.0 0x1", 1, "an address"), ("\n# offset x", 2, "a number of seconds"),
    ("1 1.0 0x1 w\n1 @4 0x1 w", 2, "mixes times and lines"),
    ("ls 5 1.0: page-faults: 5585e1c435c0", 1, "does not tell writes from reads"),
    ("ls 5 1.0: exceptions:page_fault_user: x", 1, "without address="),
    ("99999999999 1.0 0x1 w", 1, "a pid is expected"),
  ])
  func whatIsWrongIsSaidWithItsPlace(text: String, line: Int, message: String) throws {
    let error = try #require(throws: TraceError.self) { _ = try FaultList(text: text, path: "f") }
    #expect(error.line == UInt64(line) && error.message.contains(message), "\(error)")
    #expect("\(error)".hasPrefix("f:\(line): "))
  }

  @Test func filesAreReadAsTheyAre() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "faults-\(UUID())")
    defer { try? FileManager.default.removeItem(at: file) }
    for order in [[1, 2, 3], [3, 1, 2]] {
      try Data(order.map { "\($0) \($0).0 0x1000 w\n" }.joined().utf8).write(to: file)
      #expect(try all(FaultList(path: file.path)).map(\.thread.rawValue) == [1, 2, 3])
    }
    try Data().write(to: file)
    #expect(try all(FaultList(path: file.path)).isEmpty)
    #expect(throws: TraceError.self) { _ = try FaultList(path: file.path + ".none") }
  }
}
