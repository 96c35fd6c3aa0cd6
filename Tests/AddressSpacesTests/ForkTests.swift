import AddressSpaces
import SyscallABI
import Testing

/// What a child inherits, and what keeps its memory apart.
@Suite struct ForkTests {
  private static let fixed: MapFlags = .private | .anonymous | .fixed
  private static let rw: Protection = .read | .write

  private func mapped(_ drawing: String, profile: KernelProfile = .linux6) throws -> TreeSpace {
    var space = TreeSpace(profile: profile)
    for (_, range) in Canvas.runs(drawing) {
      try space.mmap(at: range.start, length: range.length, prot: Self.rw, flags: Self.fixed)
    }
    return space
  }

  @Test func parentAndChildAreApart() throws {
    var parent = try mapped("AA")
    var child = parent.fork()
    try child.munmap(column(0), length: pages(1))
    try parent.mmap(at: column(5), length: pages(1), prot: .read, flags: Self.fixed)
    #expect(borders(parent) == borders("AA   B"))
    #expect(borders(child) == borders(" A"))
    child.checkInvariants()
    parent.checkInvariants()
  }

  @Test func flagsOfAChild() throws {
    var parent = try mapped("A B C D")
    parent.writeFault(in: Canvas.range(0..<7))
    try parent.madvise(column(0), length: pages(1), advice: .dontFork)
    try parent.madvise(column(2), length: pages(1), advice: .wipeOnFork)
    try parent.mlock(column(4), length: pages(1))
    try parent.mlockall(.future)
    var child = parent.fork()
    #expect(borders(child) == borders("  B C D"))
    #expect(child.lockedVM == 0)
    let vmas = child.vmas()
    #expect(vmas.map(\.anonVMA.isNone) == [true, false, false])
    #expect(vmas.map(\.anonVMA.isForkChild) == [false, true, true])
    #expect(vmas.allSatisfy { $0.flags.isDisjoint(with: [.locked, .lockOnFault]) })
    try child.mmap(at: column(9), length: pages(1), prot: Self.rw, flags: Self.fixed)
    #expect(child.lockedVM == 0)
  }

  /// After a fork the child's heap grows by a second VMA; that of the parent goes on growing.
  @Test func heapOfTheChild() throws {
    var parent = TreeSpace()
    parent.setHeap(start: column(0), end: column(0))
    parent.brk(column(2))
    parent.writeFault(in: Canvas.range(0..<1))
    var child = parent.fork()
    parent.brk(column(4))
    child.brk(column(4))
    #expect(borders(parent) == borders("AAAA"))
    #expect(borders(child) == borders("AABB"))
    // Unwritten memory is inherited without a trace.
    var second = TreeSpace()
    second.setHeap(start: column(0), end: column(0))
    second.brk(column(2))
    var secondChild = second.fork()
    secondChild.brk(column(4))
    #expect(borders(secondChild) == borders("AAAA"))
  }

  @Test func newMemoryStaysApartFromInheritedMemory() throws {
    var parent = try mapped("AA")
    parent.writeFault(in: Canvas.range(0..<2))
    var child = parent.fork()
    try child.mmap(at: column(2), length: pages(1), prot: Self.rw, flags: Self.fixed)
    try parent.mmap(at: column(2), length: pages(1), prot: Self.rw, flags: Self.fixed)
    #expect(borders(child) == borders("AAB"))
    #expect(borders(parent) == borders("AAA"))
    #expect(child.boundaryCounts()[.anonVMA] == 1)
    // Its first write does not take over what was inherited.
    child.writeFault(in: Canvas.range(2..<3))
    #expect(Set(child.vmas().map(\.anonVMA)).count == 2)
  }

  /// Cut in three before the fork, made equal after it: one VMA in the parent, three in the child.
  @Test func piecesCutBeforeTheForkNeverMergeInTheChild() throws {
    for cutsBefore in [true, false] {
      var parent = try mapped("AAA")
      parent.writeFault(in: Canvas.range(0..<3))
      if cutsBefore { try parent.mprotect(column(1), length: pages(1), prot: .read) }
      var child = parent.fork()
      if !cutsBefore { try child.mprotect(column(1), length: pages(1), prot: .read) }
      try child.mprotect(column(1), length: pages(1), prot: Self.rw)
      try parent.mprotect(column(1), length: pages(1), prot: Self.rw)
      #expect(borders(parent) == borders("AAA"))
      #expect(borders(child) == borders(cutsBefore ? "ABC" : "AAA"))
    }
  }

  /// Before 2.6.34 the child shares the parent's anon_vma, and nothing keeps it apart.
  @Test func oldKernels() throws {
    var parent = try mapped("AAA", profile: .linux2_6)
    parent.writeFault(in: Canvas.range(0..<3))
    try parent.mprotect(column(1), length: pages(1), prot: .read)
    var child = parent.fork()
    try child.mprotect(column(1), length: pages(1), prot: Self.rw)
    #expect(borders(child) == borders("AAA"))
    try child.mmap(at: column(3), length: pages(1), prot: Self.rw, flags: Self.fixed)
    #expect(borders(child) == borders("AAAA"))
  }
}
