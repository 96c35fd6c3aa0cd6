import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

/// mremap in all its forms.
@Suite struct MremapTests {
  private static let fixed: MapFlags = .private | .anonymous | .fixed
  private static let rw: Protection = .read | .write

  private func mapped(_ drawing: String, written: String = "") throws -> TreeSpace {
    var space = TreeSpace()
    for (letter, range) in Canvas.runs(drawing) {
      try space.mmap(at: range.start, length: range.length, prot: Self.rw, flags: Self.fixed)
      if written.contains(letter) { space.writeFault(in: range) }
    }
    return space
  }

  private func move(
    _ space: inout TreeSpace, _ from: Int, _ count: Int, to target: Int, newCount: Int? = nil,
    _ flags: RemapFlags = .mayMove | .fixed
  ) throws(Errno) {
    try space.mremap(
      column(from), oldSize: pages(count), newSize: pages(newCount ?? count), flags: flags,
      newAddress: column(target), result: column(target))
  }

  @Test func shrinkingUnmapsTheTail() throws {
    var space = try mapped("AAAA")
    try space.mremap(
      column(0), oldSize: pages(4), newSize: pages(2), flags: .none, result: column(0))
    #expect(borders(space) == borders("AA"))
    // The tail may reach into other VMAs.
    space = try mapped("AA B")
    try space.mremap(
      column(0), oldSize: pages(4), newSize: pages(1), flags: .none, result: column(0))
    #expect(borders(space) == borders("A"))
  }

  @Test func growingInPlaceMayJoinTheNext() throws {
    var space = try mapped("AA  BB")
    try space.mremap(
      column(0), oldSize: pages(2), newSize: pages(3), flags: .none, result: column(0))
    #expect(borders(space) == borders("AAA BB"))
    try space.mremap(
      column(0), oldSize: pages(3), newSize: pages(4), flags: .none, result: column(0))
    #expect(borders(space) == borders("AAAAAA"))
    #expect(merges(space) == [.case1, .case2])

    var old = TreeSpace(profile: .linux2_6)
    for first in [0, 3] {
      try old.mmap(at: column(first), length: pages(2), prot: Self.rw, flags: Self.fixed)
    }
    try old.mremap(
      column(0), oldSize: pages(2), newSize: pages(3), flags: .none, result: column(0))
    #expect(borders(old) == borders("AAABB"))
  }

  @Test func growingNeedsTheEndAndRoom() throws {
    var space = try mapped("AABB")
    try space.mprotect(column(2), length: pages(2), prot: .read)
    #expect(
      space.predictMremap(column(0), oldSize: pages(2), newSize: pages(3), flags: .none)
        == .noMemory)
    #expect(
      space.predictMremap(column(2), oldSize: pages(1), newSize: pages(2), flags: .none)
        == .noMemory)
    #expect(
      space.predictMremap(column(2), oldSize: pages(1), newSize: pages(2), flags: .mayMove) == nil)
    try space.mremap(
      column(2), oldSize: pages(1), newSize: pages(2), flags: .mayMove, result: column(7))
    #expect(borders(space) == borders("AA B   CC"))
  }

  /// Unwritten memory is as if created at the target; written memory keeps its hidden offset.
  @Test func movingChangesOrKeepsTheOffset() throws {
    var space = try mapped("AA  BB")
    try move(&space, 0, 2, to: 6)
    #expect(borders(space) == borders("    BBBB"))

    space = try mapped("AA  BB", written: "A")
    try move(&space, 0, 2, to: 6)
    #expect(borders(space) == borders("    BBAA"))
    #expect(space.boundaryCounts()[.offset] == 1)
    // Moved back, it fits again.
    try move(&space, 6, 2, to: 0)
    try space.mmap(at: column(2), length: pages(2), prot: Self.rw, flags: Self.fixed)
    #expect(borders(space) == borders("AAAAAA"))
  }

  /// An unwritten range may even merge with its own source.
  @Test func aRangeMergesWithItsOwnSource() throws {
    var space = try mapped("AAAA")
    try move(&space, 0, 2, to: 4)
    #expect(borders(space) == borders("  AAAA"))
  }

  @Test func aFixedTargetIsReplaced() throws {
    var space = try mapped("AAA BBB")
    try space.mprotect(column(4), length: pages(3), prot: .read)
    try move(&space, 0, 3, to: 5, newCount: 1)
    #expect(borders(space) == borders("    BAC"))
    #expect(throws: Errno.invalidArgument) { try move(&space, 4, 2, to: 5) }
    #expect(throws: Errno.badAddress) { try move(&space, 0, 1, to: 9) }
  }

  /// The tail that a shrinking move cuts off may be sealed: nothing has moved then.
  @Test func aSealedTailStopsAMove() throws {
    var space = try mapped("AAA")
    try space.mseal(column(2), length: pages(1))
    #expect(
      space.predictMremap(
        column(0), oldSize: pages(3), newSize: pages(2), flags: .mayMove | .fixed,
        newAddress: column(5)) == .notPermitted)
    #expect(throws: Errno.notPermitted) { try move(&space, 0, 3, to: 5, newCount: 2) }
    #expect(borders(space) == borders("AAB"))
  }

  @Test func severalVMAsMoveWithTheirGaps() throws {
    var space = try mapped("AA B CC", written: "ABC")
    try space.mmap(
      at: column(10), length: pages(9), prot: .read, flags: Self.fixed)
    try move(&space, 1, 5, to: 11)
    // What lies under the gaps of the source stays.
    #expect(borders(space) == borders("A     C   DAEBFCHHH"))

    var old = TreeSpace(profile: KernelProfile(version: KernelVersion(6, 16)))
    try old.mmap(at: column(0), length: pages(1), prot: Self.rw, flags: Self.fixed)
    try old.mmap(at: column(2), length: pages(1), prot: Self.rw, flags: Self.fixed)
    #expect(throws: Errno.badAddress) { try move(&old, 0, 3, to: 9) }
  }

  @Test func severalVMAsMoveUntilOneFails() throws {
    var space = try mapped("A B C")
    try space.mseal(column(2), length: pages(1))
    #expect(throws: Errno.notPermitted) { try move(&space, 0, 5, to: 10) }
    #expect(borders(space) == borders("  B C     A"))
    try space.shmat(at: column(20), length: pages(1), segment: FileDescriptionID(1))
    try space.mmap(at: column(21), length: pages(1), prot: Self.rw, flags: Self.fixed)
    #expect(throws: Errno.badAddress) { try move(&space, 20, 2, to: 30) }
    #expect(space.vmaContaining(column(30)) == nil)
  }

  @Test func dontUnmapLeavesTheSource() throws {
    var space = try mapped("AAA", written: "A")
    try space.mlock(column(0), length: pages(3))
    try move(&space, 0, 3, to: 5, .mayMove | .fixed | .dontUnmap)
    let vmas = space.vmas()
    #expect(borders(space) == borders("AAA  BBB"))
    #expect(vmas.map { $0.flags.contains(.locked) } == [false, true])
    #expect(vmas.map { $0.anonVMA.isNone } == [true, false])

    // Of a part, the whole VMA is unlocked but stays written.
    space = try mapped("AAA", written: "A")
    try space.mlock(column(0), length: pages(3))
    try move(&space, 0, 1, to: 5, .mayMove | .fixed | .dontUnmap)
    #expect(borders(space) == borders("AAA  B"))
    #expect(space.lockedVM == 1)
    #expect(space.vmas().map { $0.anonVMA.isNone } == [false, false])
  }

  @Test func oldSizeZeroDuplicatesSharedMappings() throws {
    var space = TreeSpace()
    try space.mmap(
      at: column(0), length: pages(2), prot: Self.rw, flags: .shared | .anonymous | .fixed,
      file: FileDescriptionID(1))
    try move(&space, 0, 0, to: 4, newCount: 2)
    #expect(borders(space) == borders("AA  BB"))
    #expect(space.vmas().map(\.shownOffset) == [0, 0])
    try space.mmap(at: column(8), length: pages(1), prot: Self.rw, flags: Self.fixed)
    #expect(throws: Errno.invalidArgument) { try move(&space, 8, 0, to: 9, newCount: 1) }
  }

  /// A child's inherited memory that grows in place goes on as one VMA.
  @Test func inheritedMemoryGrows() throws {
    let parent = try mapped("AA", written: "A")
    var child = parent.fork()
    try child.mremap(
      column(0), oldSize: pages(2), newSize: pages(3), flags: .none, result: column(0))
    #expect(borders(child) == borders("AAA"))
    // Copied next to unwritten memory, it stays apart.
    try child.mmap(at: column(9), length: pages(1), prot: Self.rw, flags: Self.fixed)
    try move(&child, 0, 3, to: 6)
    #expect(borders(child) == borders("      AAAB"))
  }
}

extension RemapFlags {
  static let none = RemapFlags(rawValue: 0)
}
