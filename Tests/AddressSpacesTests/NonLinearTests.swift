import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

private let rw: Protection = .read | .write
private let file = FileDescriptionID(1)

/// VM_NONLINEAR: remap_file_pages before 4.0.
@Suite struct NonLinearTests {
  private typealias Space = AddressSpace<TracedIndex<RedBlackTreeIndex>>

  private func mapped(_ count: Int, at first: Int = 0, page: Int = 0) throws -> Space {
    var space = Space(profile: .linux2_6)
    space.keepObjects()
    try map(&space, count, at: first, page: page)
    return space
  }

  private func map(_ space: inout Space, _ count: Int, at first: Int, page: Int) throws {
    try space.mmap(
      at: column(first), length: pages(count), prot: rw, flags: .shared | .fixed, file: file,
      fileIsWritable: true, offset: pages(page))
  }

  /// All of the VMA leaves the tree for the list, and is not cut.
  @Test func sharedMemoryBecomesNonLinear() throws {
    var space = try mapped(4)
    try space.remapFilePages(
      column(1), length: pages(1), pageOffset: PageOffset(3), isOnDisk: false)
    #expect(borders(space) == borders("AAAA"))
    #expect(space.vmas().map { $0.flags.contains(.nonLinear) } == [true])
    #expect(space.vmas(mapping: 0...9, of: file).isEmpty)
    #expect(space.nonLinearVMAs(of: file).map(\.range) == [Canvas.range(0..<4)])
    // maps shows the offset as before.
    #expect(space.vmas().map(\.shownOffset) == [0])
    // Which pages a hole would be punched into is not known.
    #expect(space.predictMadvise(column(0), length: pages(4), advice: .remove) == .invalidArgument)
    // Once more changes nothing, wherever it points.
    try space.remapFilePages(
      column(2), length: pages(2), pageOffset: PageOffset(9), isOnDisk: false)
    #expect(space.nonLinearVMAs(of: file).count == 1)
    space.checkInvariants()
    space.removeAll()
    #expect(space.objectReferences.isBalanced)
    #expect(space.objectReferences.filesTaken == 1)
  }

  /// Pages that are shown so already need nothing.
  @Test func linearRequestsKeepTheVMALinear() throws {
    var space = try mapped(4)
    #expect(space.predictMadvise(column(0), length: pages(4), advice: .remove) == nil)
    try space.remapFilePages(
      column(1), length: pages(2), pageOffset: PageOffset(1), isOnDisk: false)
    #expect(space.nonLinearVMAs(of: file).isEmpty)
    #expect(space.vmas(mapping: 2...2, of: file).count == 1)
  }

  /// What is written back is mapped anew instead, with all flags but without the policy.
  @Test func filesOnDiskAreMappedAnew() throws {
    var space = try mapped(4)
    try space.madvise(column(0), length: pages(4), advice: .random)
    try space.remapFilePages(column(1), length: pages(1), pageOffset: PageOffset(7))
    #expect(borders(space) == borders("ABCC"))
    #expect(space.vmas().map(\.shownOffset) == [0, pages(7), pages(2)])
    #expect(space.vmas().allSatisfy { $0.flags.contains(.randRead) })
    #expect(space.nonLinearVMAs(of: file).isEmpty)
    try space.remapFilePages(column(1), length: pages(1), pageOffset: PageOffset(1))
    #expect(borders(space) == borders("AAAA"))
  }

  @Test func segmentsBecomeNonLinear() throws {
    var space = Space(profile: .linux2_6)
    space.keepObjects()
    try space.shmat(at: column(0), length: pages(3), segment: file)
    try space.remapFilePages(column(0), length: pages(1), pageOffset: PageOffset(2))
    #expect(borders(space) == borders("AAA"))
    #expect(space.nonLinearVMAs(of: file).count == 1)
    try space.shmdt(column(0))
    #expect(space.mappedFiles.isEmpty)
  }

  /// vma_adjust leaves it on the list; the halves of a split are on it both, and may become one.
  @Test func adjustingKeepsTheList() throws {
    var space = try mapped(6)
    try space.remapFilePages(
      column(0), length: pages(1), pageOffset: PageOffset(5), isOnDisk: false)
    try space.mprotect(column(2), length: pages(2), prot: .read)
    #expect(borders(space) == borders("AABBCC"))
    #expect(space.nonLinearVMAs(of: file).count == 3)
    let before = space.nonLinearVMAs(of: file).map(\.handle)
    try space.munmap(column(5), length: pages(1))
    #expect(space.nonLinearVMAs(of: file).map(\.handle) == before)
    try space.mprotect(column(2), length: pages(2), prot: rw)
    #expect(merges(space) == [.case6])
    #expect(borders(space) == borders("AAAAA"))
    #expect(space.nonLinearVMAs(of: file).count == 1)
    space.checkInvariants()
    // Neither what is new, nor what is linear, joins it.
    try map(&space, 1, at: 5, page: 5)
    #expect(borders(space) == borders("AAAAAB"))
    #expect(refusals(space).contains(.flags))
    #expect(space.vmas(mapping: 5...5, of: file).count == 1)
    let child = space.fork()
    #expect(child.nonLinearVMAs(of: file).count == 1)
    #expect(child.objectReferences.filesTaken == 2 && child.objectReferences.filesDropped == 0)
    // A moved one goes on being so.
    try space.mremap(
      column(0), oldSize: pages(5), newSize: pages(5), flags: .mayMove | .fixed,
      newAddress: column(10), result: column(10))
    #expect(space.nonLinearVMAs(of: file).map(\.range) == [Canvas.range(10..<15)])
  }

  @Test func errors() throws {
    var space = try mapped(2)
    try map(&space, 2, at: 2, page: 8)
    try space.mmap(
      at: column(4), length: pages(1), prot: .read, flags: .shared | .fixed, file: file,
      fileIsWritable: false)
    let rows: [(first: Int, count: Int, page: UInt64, errno: Errno?)] = [
      (0, 2, 0, nil), (0, 2, 5, nil), (1, 1, 0, nil),
      // Over the border of two VMAs, of what can only be read, of nothing, of no length.
      (1, 2, 0, .invalidArgument), (4, 1, 3, .invalidArgument), (6, 1, 0, .invalidArgument),
      (0, 0, 0, .invalidArgument), (0, 1, .max, .invalidArgument),
    ]
    for isOnDisk in [true, false] {
      for row in rows {
        #expect(
          space.predictRemapFilePages(
            column(row.first), length: pages(row.count), pageOffset: PageOffset(row.page),
            isOnDisk: isOnDisk) == row.errno, "\(row)")
      }
    }
    // A cut needs room, a nonlinear VMA none.
    space.limits.maxMapCount = 2
    for (isOnDisk, errno) in [(true, Errno.noMemory), (false, nil)] as [(Bool, Errno?)] {
      #expect(
        space.predictRemapFilePages(
          column(0), length: pages(1), pageOffset: PageOffset(9), isOnDisk: isOnDisk) == errno)
    }
    #expect(throws: Errno.noMemory) {
      try space.remapFilePages(column(0), length: pages(1), pageOffset: PageOffset(9))
    }
  }
}

/// `vm_truncate_count`, which only a truncation moves away from 0.
@Suite struct TruncationTests {
  private typealias Space = AddressSpace<TracedIndex<RedBlackTreeIndex>>

  private func counts(_ space: borrowing Space) -> [UInt32] {
    var counts: [UInt32] = []
    for vma in space.vmas() { counts.append(space.truncateCount(of: vma)) }
    return counts
  }

  private func shared(_ drawing: String) throws -> Space {
    var space = Space(profile: .linux2_6)
    space.keepObjects()
    for (letter, range) in Canvas.runs(drawing) {
      try space.mmap(
        at: range.start, length: range.length, prot: letter.isUppercase ? rw : .read,
        flags: .shared | .fixed, file: file, fileIsWritable: true,
        offset: range.start &- column(0))
    }
    return space
  }

  @Test func newVMAsStandWhereTheirFileDoes() throws {
    var space = try shared("AA")
    #expect(counts(space) == [0])
    space.noteTruncation(of: file, to: 0)
    #expect(counts(space) == [1] && space.truncateCount(of: file) == 1)
    try space.mmap(
      at: column(4), length: pages(1), prot: rw, flags: .shared | .fixed, file: file,
      fileIsWritable: true, offset: pages(4))
    #expect(counts(space) == [1, 1])
    // Only what reaches behind the end is looked at.
    space.noteTruncation(of: file, to: 3)
    #expect(counts(space) == [1, 2])
    // The other half of a split.
    try space.mprotect(column(1), length: pages(1), prot: .read)
    #expect(counts(space) == [1, 1, 2])
    let child = space.fork()
    #expect(counts(child) == [1, 1, 2])
    try space.munmap(column(0), length: pages(5))
    #expect(space.truncateCount(of: file) == 2)
  }

  /// The importer of each arm, where the two do not stand alike.
  @Test(arguments: [
    ("AAbb", "  **", [UInt32(0)]), ("AAbbbb", "  **", [0, 2]), ("aaaaBB", "  **", [1, 0]),
    ("aaBB", "**", [0]), ("AAbbCC", "  **", [0]),
  ])
  func importersAreLookedAtAgain(before: String, stars: String, after: [UInt32]) throws {
    var space = try shared(before)
    space.noteTruncation(of: file, to: 0)
    // The first VMA has not seen the second truncation.
    space.noteTruncation(of: file, to: UInt64(Canvas.runs(before)[0].range.lengthInPages))
    let range = Canvas.marked(stars)
    try space.mprotect(range.start, length: range.length, prot: rw)
    #expect(counts(space) == after, "\(before)")
    space.checkInvariants()
  }

  @Test func alikeStaysAsItIs() throws {
    var space = try shared("AAbb")
    space.noteTruncation(of: file, to: 0)
    try space.mprotect(column(2), length: pages(2), prot: rw)
    #expect(counts(space) == [1])
    // Newer kernels have no such count.
    var new = Space()
    new.keepObjects()
    try new.mmap(at: column(0), length: pages(1), prot: .read, flags: .shared, file: file)
    new.noteTruncation(of: file, to: 0)
    #expect(counts(new) == [0])
  }

  @Test func multiplesOfThePageSizeArePassedOver() throws {
    var space = try shared("AA")
    for _ in 0..<4096 { space.noteTruncation(of: file, to: 0) }
    #expect(counts(space) == [4097])
  }
}
