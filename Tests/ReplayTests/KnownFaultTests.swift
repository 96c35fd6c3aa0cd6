import AddressSpaces
import Replay
import SyscallABI
import Testing
import TraceReading

/// Replays with a list of page faults: nothing is assumed, everything happens at its moment.
@Suite struct KnownFaultTests {
  static let anonymous = "PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0"

  private static func mmap(_ second: Int, _ page: Int, _ pid: Int = 1) -> String {
    let address = "0x7f000000\(page)000"
    return "\(pid) \(second).000000 mmap(\(address), 4096, \(anonymous)) = \(address)\n"
  }

  private static func mprotect(_ second: Int, _ page: Int, _ prot: String, _ pid: Int = 1) -> String
  {
    "\(pid) \(second).000000 mprotect(0x7f000000\(page)000, 4096, \(prot)) = 0\n"
  }

  /// Fresh read-only memory beside memory that was writable: charged or not, as it was written.
  static let log =
    mmap(1, 1) + "1 2.000000 mmap(0x7f0000002000, 4096, PROT_READ, "
    + "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x7f0000002000\n" + mprotect(4, 1, "PROT_READ")

  @Test func aFaultTakesEffectAtItsTime() throws {
    #expect(try LogReplay(Self.log, known: "").map(of: 1).count == 1)
    #expect(try LogReplay(Self.log, known: "1 3.0 0x7f0000001008 w").map(of: 1).count == 2)
    #expect(try LogReplay(Self.log, known: "1 5.0 0x7f0000001008 w").map(of: 1).count == 1)
    #expect(try LogReplay(Self.log, known: "1 3.0 0x7f0000001008 r").map(of: 1).count == 1)
    #expect(try LogReplay(Self.log, known: "1 @2 0x7f0000001008 w").map(of: 1).count == 2)
    #expect(try LogReplay(Self.log, known: "1 @3 0x7f0000001008 w").map(of: 1).count == 1)
    // Another's fault is not this process's.
    #expect(try LogReplay(Self.log, known: "2 3.0 0x7f0000001008 w").map(of: 1).count == 1)
  }

  @Test func theStackGrowsByFaults() throws {
    let maps = """
      7ffb00000000-7ffb00001000 rw-p 00000000 00:00 0
      7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0 [stack]

      """
    func stack(_ faults: String) throws -> String? {
      try LogReplay("1 1.0 brk(NULL) = 0x1000\n", initialMaps: maps, known: faults).map(of: 1).last
    }
    #expect(try stack("") == "7ffc00000000-7ffc00021000 rw-p [stack]")
    #expect(try stack("1 0.5 0x7ffbffff0010 r") == "7ffbffff0000-7ffc00021000 rw-p [stack]")
    // Too near to what lies below, and further than the limit of the stack.
    #expect(try stack("1 0.5 0x7ffb00002000 w") == "7ffc00000000-7ffc00021000 rw-p [stack]")
    #expect(try stack("1 0.5 0x7ffbf0000000 w") == "7ffc00000000-7ffc00021000 rw-p [stack]")
  }

  @Test func aHugePageIsPreparedByReading() throws {
    let range = "0x7f0000000000, 4194304"
    let log = """
      1 1.0 mmap(\(range), \(Self.anonymous)) = 0x7f0000000000
      1 2.0 madvise(\(range), MADV_HUGEPAGE) = 0
      1 4.0 mprotect(\(range), PROT_READ) = 0
      1 5.0 mmap(0x7f0000400000, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = \
      0x7f0000400000
      1 6.0 madvise(0x7f0000400000, 4096, MADV_HUGEPAGE) = 0

      """
    #expect(try LogReplay(log, known: "").map(of: 1).count == 1)
    #expect(try LogReplay(log, known: "1 3.0 0x7f0000201000 r").map(of: 1).count == 2)
  }

  /// A child may fault before its parent's clone returns, and its lines may come later still.
  @Test func aChildsEarlyFaultsAreItsOwn() throws {
    let log = """
      1 1.0 mmap(0x7f0000001000, 4096, \(Self.anonymous)) = 0x7f0000001000
      1 2.0 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>
      9 3.0 mmap(0x7f0000002000, 4096, \(Self.anonymous)) = 0x7f0000002000
      1 3.5 <... clone resumed>) = 9

      """
    // Inherited written memory stays apart from new memory.
    let written = try LogReplay(log, known: "1 1.5 0x7f0000001000 w")
    #expect(written.map(of: 9).count == 2)
    let unwritten = try LogReplay(log, known: "")
    #expect(unwritten.map(of: 9).count == 1)
    // Written by the child after the fork: its own, so new memory joins.
    let own = try LogReplay(log, known: "9 2.5 0x7f0000001000 w")
    #expect(own.map(of: 9).count == 1)
  }

  @Test func recordedMapsAreComparedAtTheirMoment() throws {
    let exit = "# maps 1 exit\n# 7f0000001000-7f0000002000 r--p 00000000 00:00 0\n"
    let other = "# 7f0000002000-7f0000003000 r--p 00000000 00:00 0\n# end\n"
    let log = Self.log + exit + other + "1 8.0 exit_group(0) = ?\n1 9.0 +++ exited with 0 +++\n"
    let exact = try LogReplay(log, known: "1 3.0 0x7f0000001000 w")
    #expect(exact.verifier.comparisons.map(\.isExact) == [true])
    let wrong = try LogReplay(log, known: "")
    #expect(wrong.verifier.comparisons.map(\.isExact) == [false])
  }

  @Test func smapsSayWhatWasWrittenBefore() throws {
    let smaps = """
      7f0000001000-7f0000002000 rw-p 00000000 00:00 0
      Anonymous:             0 kB
      VmFlags: rd wr mr mw me ac

      """
    let log = "1 1.0 mprotect(0x7f0000001000, 4096, PROT_READ) = 0\n"
    func flags(_ maps: String) throws -> VMAFlags? {
      try LogReplay(log, initialMaps: maps, known: "").images.last?.lines.first?.flags
    }
    #expect(try flags(smaps)?.contains(.account) == false)
    #expect(try flags(smaps.replacing("0 kB", with: "4 kB"))?.contains(.account) == true)
  }
}
