import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

private let rw: Protection = .read | .write

/// SysV segments and pages of a file in another order.
@Suite struct SharedMemoryRuleTests {
  @Test func detachingTakesAllPiecesThatStayed() throws {
    var space = TreeSpace()
    try space.shmat(at: column(0), length: pages(6), segment: FileDescriptionID(1))
    try space.shmat(at: column(10), length: pages(1), segment: FileDescriptionID(2))
    try space.munmap(column(1), length: pages(1))
    try space.mremap(
      column(4), oldSize: pages(1), newSize: pages(1), flags: .mayMove | .fixed,
      newAddress: column(8), result: column(8))
    #expect(borders(space) == borders("A BB C  D E"))
    try space.shmdt(column(0))
    #expect(borders(space) == borders("        D E"))
    #expect(space.predictShmdt(column(0)) == .invalidArgument)
    #expect(throws: Errno.invalidArgument) { try space.shmdt(column(8)) }
  }

  /// A piece that was made to grow past the end of the segment is not found.
  @Test func detachingStopsAtTheSizeOfTheSegment() throws {
    var space = TreeSpace()
    try space.shmat(at: column(0), length: pages(2), segment: FileDescriptionID(1))
    try space.mremap(
      column(0), oldSize: pages(2), newSize: pages(4), flags: .mayMove, result: column(0))
    try space.munmap(column(1), length: pages(2))
    #expect(borders(space) == borders("A  B"))
    try space.shmdt(column(0))
    #expect(borders(space) == borders("   B"))
  }

  @Test func detachingLeavesSealedPieces() throws {
    var space = TreeSpace()
    try space.shmat(at: column(0), length: pages(3), segment: FileDescriptionID(1))
    try space.mseal(column(1), length: pages(1))
    try space.shmdt(column(0))
    #expect(borders(space) == borders(" A"))
  }

  @Test func remappedFilePagesAreLockedAsNewOnes() throws {
    var space = TreeSpace()
    try space.mmap(
      at: column(0), length: pages(2), prot: rw, flags: .shared | .fixed,
      file: FileDescriptionID(1), fileIsWritable: true)
    try space.mlockall(.future | .onFault)
    try space.remapFilePages(column(1), length: pages(1), pageOffset: PageOffset(5))
    #expect(space.vmas().map { $0.flags.contains([.locked, .lockOnFault]) } == [false, true])
  }

  @Test func remappedFilePages() throws {
    var space = TreeSpace()
    let file = FileDescriptionID(1)
    try space.mmap(
      at: column(0), length: pages(4), prot: rw, flags: .shared | .fixed, file: file,
      fileIsWritable: true)
    try space.remapFilePages(column(1), length: pages(1), pageOffset: PageOffset(3))
    #expect(borders(space) == borders("ABCC"))
    #expect(space.vmas().map(\.shownOffset) == [0, pages(3), pages(2)])
    try space.remapFilePages(column(1), length: pages(1), pageOffset: PageOffset(1))
    #expect(borders(space) == borders("AAAA"))
    #expect(throws: Errno.invalidArgument) {
      try space.remapFilePages(column(3), length: pages(2), pageOffset: PageOffset(0))
    }
  }
}
