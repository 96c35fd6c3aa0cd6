import AddressSpaces
import SyscallABI
import Testing

private let fixed: MapFlags = .private | .anonymous | .fixed
private let rw: Protection = .read | .write

/// The program break.
@Suite struct BrkRuleTests {
  @Test func heapGrowsAndShrinks() {
    var space = TreeSpace()
    space.setHeap(start: column(0), end: column(0))
    #expect(space.brk(.zero) == column(0))
    #expect(space.brk(column(1) &+ 100) == column(1) &+ 100)
    #expect(borders(space) == borders("AA"))
    #expect(space.brk(column(4)) == column(4))
    #expect(borders(space) == borders("AAAA"))
    #expect(space.brk(column(1)) == column(1))
    #expect(borders(space) == borders("A"))
    #expect(space.brk(column(0) &- 1) == column(1))
    #expect(space.brk(column(0)) == column(0))
    #expect(space.mapCount == 0)
  }

  /// The heap keeps a page away from what is above, and never joins it.
  @Test func heapStopsBelowOthers() throws {
    var space = TreeSpace()
    space.setHeap(start: column(0), end: column(0))
    try space.mmap(at: column(4), length: pages(1), prot: rw, flags: fixed)
    #expect(space.brk(column(4)) == column(0))
    #expect(space.brk(column(3)) == column(3))
    #expect(borders(space) == borders("AAA B"))
    // A mapping right on the heap's end does join the heap.
    try space.mmap(at: column(3), length: pages(1), prot: rw, flags: fixed)
    #expect(borders(space) == borders("AAAAA"))
  }

  @Test func heapKeepsTheStackGap() throws {
    var space = TreeSpace()
    space.setHeap(start: column(0), end: column(0))
    try space.mmap(at: column(300), length: pages(1), prot: rw, flags: fixed | .growsDown)
    #expect(space.brk(column(43)) == column(43))
    #expect(space.brk(column(44)) == column(43))
  }

  @Test func recordedBreakWins() throws {
    var space = TreeSpace()
    space.setHeap(start: column(0), end: column(0))
    try space.mmap(at: column(1), length: pages(1), prot: .read, flags: fixed)
    #expect(space.brk(column(3)) == column(0))
    space.setBreak(column(3))
    #expect(borders(space) == borders("AAA"))
    space.setBreak(column(2))
    #expect(borders(space) == borders("AA"))
    #expect(space.currentBreak == column(2))
  }

  /// Every anonymous VMA that overlaps the heap is called so; in 2.6 only one that spans it.
  @Test func heapAndStackAreNamed() throws {
    for profile in [KernelProfile.linux6, .linux2_6] {
      var space = TreeSpace(profile: profile)
      space.setHeap(start: column(0), end: column(0))
      space.brk(column(4))
      space.layout.startStack = column(9) &+ 100
      try space.mmap(
        at: column(9), length: pages(1), prot: rw, flags: fixed | .growsDown)
      #expect(space.vmas().map { space.isHeap($0) } == [true, false])
      #expect(space.vmas().map { space.isStack($0) } == [false, true])
      try space.mprotect(column(1), length: pages(1), prot: .read)
      let isOld = profile == .linux2_6
      #expect(space.vmas().map { space.isHeap($0) } == [!isOld, !isOld, !isOld, false])
    }
  }

  /// 2.6 goes through vma_merge: the heap may join what ends where it starts.
  @Test func oldHeapJoinsBSS() throws {
    var space = TreeSpace(profile: .linux2_6)
    try space.mmap(at: column(0), length: pages(2), prot: rw, flags: fixed)
    space.setHeap(start: column(2), end: column(2))
    space.brk(column(4))
    #expect(borders(space) == borders("AAAA"))
  }
}
