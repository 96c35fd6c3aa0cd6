import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

private let fixed: MapFlags = .private | .anonymous | .fixed
private let rw: Protection = .read | .write

/// Maps the runs of a drawing as private anonymous memory.
private func mapped(_ drawing: String, _ prot: Protection = rw) throws -> TreeSpace {
  var space = TreeSpace()
  for (_, range) in Canvas.runs(drawing) {
    try space.mmap(at: range.start, length: range.length, prot: prot, flags: fixed)
  }
  return space
}

/// What a new mapping is.
@Suite struct MmapRuleTests {
  private func flags(
    _ prot: Protection, _ flags: MapFlags, file: FileDescriptionID = .none, writable: Bool? = nil
  ) throws -> VMAFlags {
    var space = TreeSpace()
    try space.mmap(
      at: column(0), length: 1, prot: prot, flags: flags, file: file, fileIsWritable: writable)
    let found = space.findVMA(column(0))
    let vma = try #require(found)
    #expect(vma.range.length == Page.size)
    return vma.flags
  }

  private let may: VMAFlags = [.mayRead, .mayWrite, .mayExec]

  @Test func privateMemory() throws {
    let anonymous: MapFlags = .private | .anonymous
    #expect(try flags(rw, anonymous) == may.union([.read, .write, .account]))
    #expect(try flags(.read, anonymous) == may.union(.read))
    #expect(try flags(rw, anonymous | .noReserve) == may.union([.read, .write, .noReserve]))
    #expect(try flags(.none, anonymous | .stack) == may.union(.noHugePage))
    #expect(
      try flags(rw, anonymous | .growsDown)
        == may.union([.read, .write, .account, .growsDown]))
    #expect(
      try flags(rw, anonymous | .locked) == may.union([.read, .write, .account, .locked]))
  }

  @Test func files() throws {
    let file = FileDescriptionID(1)
    #expect(try flags(rw, .private, file: file) == may.union([.read, .write, .account]))
    let shared: VMAFlags = [.shared, .mayShare]
    #expect(
      try flags(rw, .shared, file: file, writable: true)
        == may.union(shared).union([.read, .write]))
    // Of a descriptor opened for reading: never writable, but still shown as shared.
    #expect(
      try flags(.read, .shared, file: file, writable: false)
        == may.union([.read, .mayShare]).subtracting(.mayWrite))
    #expect(
      try flags(rw, .shared | .anonymous, file: file) == may.union(shared).union([.read, .write]))
  }

  @Test func specialKinds() throws {
    #expect(
      try flags(rw, .droppable | .anonymous)
        == may.union([.read, .write, .droppable, .noReserve, .wipeOnFork, .dontDump]))
    var space = TreeSpace()
    try space.mmap(
      at: column(0), length: 1, prot: rw, flags: .private | .anonymous | .hugeTLB,
      file: FileDescriptionID(3))
    let found = space.findVMA(column(0))
    let huge = try #require(found)
    #expect(huge.range.length == 2 << 20)
    #expect(huge.flags.contains([.hugeTLB, .dontExpand]))
  }

  @Test func errors() {
    let space = TreeSpace()
    func errno(
      at: Address = column(0), _ length: UInt64 = 4096, _ prot: Protection = rw,
      _ flags: MapFlags = fixed, hasFile: Bool = false, writable: Bool? = nil, offset: UInt64 = 0
    ) -> Errno? {
      space.predictMmap(
        at: at, length: length, prot: prot, flags: flags, hasFile: hasFile,
        fileIsWritable: writable, offset: offset)
    }
    #expect(errno() == nil)
    #expect(errno(0) == .invalidArgument)
    #expect(errno(.max) == .noMemory)
    #expect(errno(offset: 1) == .invalidArgument)
    #expect(errno(at: column(0) &+ 1) == .invalidArgument)
    #expect(errno(4096, rw, .shared, hasFile: true, writable: false) == .permissionDenied)
    #expect(errno(4096, rw, .private | .growsDown, hasFile: true) == .invalidArgument)
    #expect(
      errno(4096, rw, .shared | .anonymous | .growsDown) == .invalidArgument)
  }

  @Test func noReplaceAndOverlaps() throws {
    var space = try mapped("AAA")
    let noReplace = MapFlags.private | .anonymous | .fixedNoReplace
    #expect(throws: Errno.fileExists) {
      try space.mmap(at: column(2), length: pages(2), prot: rw, flags: noReplace)
    }
    #expect(borders(space) == borders("AAA"))
    // A result that the model thinks is taken: it is replaced, and the caller is told.
    let overlapped = try space.mmap(
      at: column(2), length: pages(2), prot: .read, flags: .private | .anonymous)
    #expect(overlapped == pages(1))
    #expect(borders(space) == borders("AABB"))
  }

  @Test func fileDescriptionsDecide() throws {
    var space = TreeSpace()
    for (first, file) in [(0, 1), (1, 1), (2, 2)] as [(Int, UInt32)] {
      try space.mmap(
        at: column(first), length: pages(1), prot: .read, flags: .private | .fixed,
        file: FileDescriptionID(file), offset: pages(first))
    }
    #expect(borders(space) == borders("AAB"))
    #expect(space.vmas().map(\.shownOffset) == [0, pages(2)])
  }
}

/// Unmapping and the program break.
@Suite struct MunmapAndBrkRuleTests {
  @Test func munmapCutsAndPassesOverHoles() throws {
    var space = try mapped("AAAA BB")
    try space.munmap(column(1), length: pages(1))
    #expect(borders(space) == borders("A BB CC"))
    #expect(space.statistics.splits == 2)
    try space.munmap(column(3), length: pages(3))
    #expect(borders(space) == borders("A B   C"))
    try space.munmap(column(10), length: pages(5))
    #expect(space.totalVM == 3)
  }

  @Test func munmapErrors() throws {
    var space = try mapped("AA")
    for (address, length) in [
      (column(0) &+ 1, pages(1)), (column(0), 0), (Address(0x7fff_ffff_e000), pages(2)),
      (column(0), .max), (Address(.max & ~0xfff), pages(1)),
    ] as [(Address, UInt64)] {
      #expect(space.predictMunmap(address, length: length) == .invalidArgument)
      #expect(throws: Errno.invalidArgument) { try space.munmap(address, length: length) }
    }
    #expect(borders(space) == borders("AA"))
  }

  /// A kernel mapping goes whole or not at all; a cut at its high end leaves a split lower down.
  @Test func kernelMappingsAreNotCut() throws {
    let flags: VMAFlags = [.read, .exec, .mayRead, .mayWrite, .mayExec, .dontExpand]
    var space = try mapped("AA")
    try space.install(Canvas.range(2..<4), flags: flags)
    #expect(space.predictMunmap(column(1), length: pages(2)) == .invalidArgument)
    #expect(throws: Errno.invalidArgument) { try space.munmap(column(1), length: pages(2)) }
    #expect(borders(space) == borders("ABCC"))
    #expect(throws: Errno.invalidArgument) { try space.munmap(column(3), length: pages(1)) }
    #expect(throws: Errno.invalidArgument) {
      try space.mmap(at: column(1), length: pages(2), prot: rw, flags: fixed)
    }
    #expect(borders(space) == borders("ABCC"))
    #expect(space.boundaryCounts()[.notTried] == 1)
    try space.munmap(column(1), length: pages(3))
    #expect(borders(space) == borders("A"))
  }

  @Test func sealedMemoryStays() throws {
    var space = try mapped("AAA BB")
    try space.mseal(column(2), length: pages(1))
    #expect(borders(space) == borders("AAB CC"))
    #expect(throws: Errno.notPermitted) { try space.munmap(column(2), length: pages(3)) }
    #expect(borders(space) == borders("AAB CC"))
    // What lies below the sealed page in the range is cut, though nothing goes.
    #expect(throws: Errno.notPermitted) { try space.munmap(column(1), length: pages(3)) }
    #expect(borders(space) == borders("ABC DD"))
    #expect(throws: Errno.notPermitted) {
      try space.mprotect(column(0), length: pages(3), prot: .read)
    }
    #expect(borders(space) == borders("AAC DD"))
    #expect(throws: Errno.notPermitted) {
      try space.mremap(
        column(2), oldSize: pages(1), newSize: pages(1), flags: .mayMove | .fixed,
        newAddress: column(9), result: column(9))
    }
    #expect(throws: Errno.noMemory) { try space.mseal(column(2), length: pages(2)) }
  }

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

/// Calls that change flags in place.
@Suite struct ChangeRuleTests {
  @Test func changesThatChangeNothingTryNoMerge() throws {
    var space: TreeSpace = try paint("AABB")
    try space.mprotect(column(0), length: pages(4), prot: rw)
    #expect(borders(space) == borders("AABB"))
    #expect(merges(space).isEmpty && refusals(space).isEmpty)
  }

  @Test func adviceSplitsAndMergesBack() throws {
    let pairs: [(Advice, Advice)] = [
      (.random, .normal), (.sequential, .normal), (.dontFork, .doFork), (.dontDump, .doDump),
      (.wipeOnFork, .keepOnFork), (.mergeable, .unmergeable),
    ]
    for (on, off) in pairs {
      var space = try mapped("AAA")
      try space.madvise(column(1), length: pages(1), advice: on)
      #expect(borders(space) == borders("ABC"), "\(on.name)")
      #expect(space.boundaryCounts()[.flags] == 2)
      try space.madvise(column(1), length: pages(1), advice: off)
      #expect(borders(space) == borders("AAA"), "\(off.name)")
    }
    // No advice returns to neither huge nor not huge.
    var space = try mapped("AAA")
    try space.madvise(column(1), length: pages(1), advice: .noHugePage)
    try space.madvise(column(1), length: pages(1), advice: .hugePage)
    #expect(borders(space) == borders("ABC"))
    // What MAP_STACK sets is what MADV_NOHUGEPAGE sets.
    try space.mmap(at: column(3), length: pages(1), prot: rw, flags: fixed | .stack)
    try space.madvise(column(2), length: pages(1), advice: .noHugePage)
    #expect(borders(space) == borders("ABCC"))
  }

  @Test func adviceOnPagesChangesNothing() throws {
    var space = try mapped("AAA")
    for advice: Advice in [
      .dontNeed, .free, .cold, .pageOut, .willNeed, .populateRead, .guardRemove, .collapse,
    ] {
      try space.madvise(column(1), length: pages(1), advice: advice)
    }
    #expect(borders(space) == borders("AAA"))
    #expect(space.vmas().allSatisfy { $0.anonVMA.isNone })
  }

  @Test func policySplitsAndMergesBack() throws {
    var space = try mapped("AAA")
    try space.mbind(column(1), length: pages(1), policy: PolicyID(4))
    #expect(borders(space) == borders("ABC"))
    try space.mbind(column(0), length: pages(9), policy: .default)
    #expect(borders(space) == borders("AAA"))
    #expect(throws: Errno.badAddress) {
      try space.mbind(column(1), length: pages(9), policy: PolicyID(4))
    }
    #expect(borders(space) == borders("AAA"))
  }

  @Test func lockSplitsAndMergesBack() throws {
    var space = try mapped("AAA")
    try space.mlock(column(1) &+ 5, length: 10)
    #expect(borders(space) == borders("ABC"))
    #expect(space.lockedVM == 1)
    try space.munlock(column(1), length: 1)
    #expect(borders(space) == borders("AAA"))
    try space.mlockall(.current | .future)
    #expect(space.lockedVM == 3)
    try space.mmap(at: column(5), length: pages(1), prot: rw, flags: fixed)
    #expect(space.lockedVM == 4)
    space.munlockall()
    #expect(space.lockedVM == 0)
    #expect(throws: Errno.invalidArgument) { try space.mlockall(.onFault) }
  }

  @Test func namesSplit() throws {
    var space = try mapped("AAA")
    try space.setName(column(1), length: pages(1), name: NameID(1))
    #expect(borders(space) == borders("ABC"))
    try space.setName(column(1), length: pages(1), name: .none)
    #expect(borders(space) == borders("AAA"))
  }

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
