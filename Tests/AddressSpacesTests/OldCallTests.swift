import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

private let fixed: MapFlags = .private | .anonymous | .fixed
private let rw: Protection = .read | .write

private func mapped(_ drawing: String, limit: Int = 65_530) throws -> TreeSpace {
  var space = TreeSpace(profile: .linux2_6)
  for (_, range) in Canvas.runs(drawing) {
    try space.mmap(at: range.start, length: range.length, prot: rw, flags: fixed)
  }
  space.limits.maxMapCount = limit
  return space
}

/// The program break of 2.6.
@Suite struct OldHeapTests {
  @Test func theBreakMayGoDownToTheEndOfCode() throws {
    var space = TreeSpace(profile: .linux2_6)
    // ..CC  code, DD  data, then the heap.
    try space.mmap(at: column(2), length: pages(2), prot: rw, flags: fixed)
    space.layout.endCode = column(1)
    space.setHeap(start: column(4), end: column(4))
    #expect(space.brk(column(1) &- 1) == column(4))
    // Shrinking is munmap, so data goes too.
    #expect(space.brk(column(3)) == column(3))
    #expect(borders(space) == borders("  A"))
    #expect(space.brk(column(1)) == column(1))
    #expect(space.mapCount == 0)
    // There is nothing below; 6.x would refuse since nothing is mapped.
    #expect(space.brk(column(2)) == column(2))
    #expect(borders(space) == borders(" A"))
  }

  @Test func growthIsCase2OrNone() throws {
    var space = try mapped("AA    B")
    space.setHeap(start: column(2), end: column(2))
    #expect(space.brk(column(6)) == column(2))
    #expect(space.brk(column(5)) == column(5))
    #expect(borders(space) == borders("AAAAA B"))
    #expect(merges(space) == [.case2])
    try space.mprotect(column(0), length: pages(5), prot: .read)
    try space.munmap(column(6), length: pages(1))
    #expect(space.brk(column(7)) == column(7))
    #expect(borders(space) == borders("AAAAABB"))
    #expect(refusals(space) == [.flags])
  }

  /// RLIMIT_DATA counts from the start of the data segment, holes included.
  @Test func dataLimit() {
    var space = TreeSpace(profile: .linux2_6)
    space.layout.startData = column(0)
    space.layout.endData = column(1)
    space.setHeap(start: column(4), end: column(4))
    space.limits.data = pages(6)
    #expect(space.brk(column(6) &+ 1) == column(4))
    #expect(space.brk(column(6)) == column(6))
    // 6.x counts one page of data and those of the heap.
    var new = TreeSpace()
    new.layout = space.layout
    new.setHeap(start: column(4), end: column(4))
    new.limits.data = pages(6)
    #expect(new.brk(column(9)) == column(9))
    #expect(new.brk(column(9) &+ 1) == column(9))
  }

  @Test func refusalsKeepTheBreak() throws {
    for limits: (inout AddressSpaceLimits) -> Void in [
      { $0.addressSpace = pages(3) }, { $0.maxMapCount = 0 },
      {
        $0.overcommit = .never
        $0.commitLimit = pages(3)
      },
      { $0.availableMemory = pages(1) },
    ] {
      var space = try mapped("AA")
      space.setHeap(start: column(4), end: column(4))
      limits(&space.limits)
      #expect(space.brk(column(6)) == column(4))
      #expect(borders(space) == borders("AA"))
    }
    var space = try mapped("AA")
    space.setHeap(start: column(4), end: column(4))
    try space.mlockall(.future)
    space.limits.memLock = pages(1)
    #expect(space.brk(column(6)) == column(4))
    #expect(space.brk(column(5)) == column(5))
    #expect(space.lockedVM == 1)
    #expect(space.brk(Address(.max)) == column(5))
  }
}

/// The functions that a program loader calls.
@Suite struct LoaderTests {
  @Test func doBrkReplacesWhatIsThere() throws {
    var space = try mapped("AABBCC")
    try space.mprotect(column(2), length: pages(4), prot: .read)
    try space.doBrk(column(1), length: pages(3) - 1)
    #expect(borders(space) == borders("AAAABB"))
    #expect(try space.doBrk(column(9), length: 0) == column(9))
    #expect(space.mapCount == 2)
  }

  /// Old maps are cleared before the limits are asked: what is refused leaves a hole.
  @Test func refusalLeavesAHole() throws {
    for limits: (inout AddressSpaceLimits) -> Void in [
      { $0.addressSpace = pages(5) }, { $0.availableMemory = pages(2) },
      {
        $0.overcommit = .never
        $0.commitLimit = pages(5)
      },
    ] {
      var space = try mapped("AAAAA")
      limits(&space.limits)
      #expect(throws: Errno.noMemory) { try space.doBrk(column(1), length: pages(9)) }
      #expect(borders(space) == borders("A"))
      space.checkInvariants()
    }
    // The cut that makes room needs room itself: nothing is cleared, or the first cut stays.
    var full = try mapped("AAAAA", limit: 1)
    #expect(throws: Errno.noMemory) { try full.doBrk(column(1), length: pages(2)) }
    #expect(borders(full) == borders("AAAAA"))
    full.limits.maxMapCount = 2
    #expect(throws: Errno.noMemory) { try full.doBrk(column(1), length: pages(2)) }
    #expect(borders(full) == borders("ABBBB"))
  }

  @Test func doBrkErrorsThatChangeNothing() throws {
    var space = try mapped("AA")
    #expect(throws: Errno.invalidArgument) {
      try space.doBrk(taskSize &- Page.size, length: pages(2))
    }
    #expect(throws: Errno.invalidArgument) {
      try space.doBrk(column(0), length: UInt64.max - pages(2))
    }
    try space.mlockall(.future)
    space.limits.memLock = 0
    #expect(throws: Errno.resourceTemporarilyUnavailable) {
      try space.doBrk(column(0), length: pages(2))
    }
    #expect(borders(space) == borders("AA"))
  }

  @Test func insertVMStruct() throws {
    var space = try mapped("AA")
    try space.insertVMStruct(Canvas.range(2..<3), flags: Paint.plain)
    #expect(borders(space) == borders("AAB"))
    let vma = try #require(space.vmas().last)
    #expect(vma.pageOffset.rawValue == column(2).pageNumber)
    #expect(vma.anonVMA.isNone)
    #expect(throws: Errno.noMemory) {
      try space.insertVMStruct(Canvas.range(1..<4), flags: Paint.plain)
    }
    space.limits.overcommit = .never
    space.limits.commitLimit = pages(4)
    #expect(throws: Errno.noMemory) {
      try space.insertVMStruct(Canvas.range(4..<6), flags: Paint.plain)
    }
    // Only what is charged is asked for.
    try space.insertVMStruct(Canvas.range(4..<6), flags: Paint.plain.subtracting(.account))
    try space.insertVMStruct(
      Canvas.range(7..<8), flags: [.read], file: FileDescriptionID(1), offset: pages(3))
    #expect(space.vmas().last?.pageOffset.rawValue == 3)
    #expect(space.statistics.mapCountPeak == 4)
  }
}

/// Limits, cuts and policies of 2.6.
@Suite struct OldCallTests {
  /// mmap asks for its limits after the range is cleared.
  @Test func refusedMmapLeavesAHole() throws {
    for profile in [KernelProfile.linux2_6, .linux6] {
      var space = TreeSpace(profile: profile)
      try space.mmap(at: column(0), length: pages(4), prot: rw, flags: fixed)
      space.limits.addressSpace = pages(5)
      #expect(
        space.predictMmap(
          at: column(2), length: pages(4), prot: rw, flags: fixed, hasFile: false) == .noMemory)
      #expect(throws: Errno.noMemory) {
        try space.mmap(at: column(2), length: pages(4), prot: rw, flags: fixed)
      }
      #expect(borders(space) == borders(profile == .linux6 ? "AAAA" : "AA"))
    }
    var space = try mapped("AAAA")
    space.limits.addressSpace = pages(4)
    #expect(
      space.predictMmap(at: column(1), length: pages(3), prot: rw, flags: fixed, hasFile: false)
        == nil)
    try space.mmap(at: column(1), length: pages(3), prot: rw, flags: fixed)
    #expect(space.totalVM == 4)
  }

  @Test func overcommitRefusesWhatIsCharged() throws {
    var space = try mapped("AA")
    space.limits.overcommit = .never
    space.limits.commitLimit = pages(4)
    #expect(throws: Errno.noMemory) {
      try space.mmap(at: column(4), length: pages(2), prot: rw, flags: fixed)
    }
    try space.mmap(at: column(4), length: pages(2), prot: .read, flags: fixed)
    #expect(space.predictMprotect(column(4), length: pages(2), prot: rw) == .noMemory)
    #expect(throws: Errno.noMemory) { try space.mprotect(column(4), length: pages(2), prot: rw) }
    try space.mprotect(column(4), length: pages(1), prot: rw)
    #expect(space.counters.accounted == 3)
    // What was charged once stays so in 2.6.
    try space.mprotect(column(4), length: pages(1), prot: .read)
    #expect(space.counters.accounted == 3)
    space.limits.overcommit = .always
    try space.mmap(at: column(8), length: pages(9), prot: rw, flags: fixed)
  }

  @Test func trimsNeedRoomForACut() throws {
    var space = try mapped("AAAA BB", limit: 2)
    for (first, count) in [(0, 1), (3, 1), (3, 3), (1, 1)] {
      #expect(throws: Errno.noMemory) { try space.munmap(column(first), length: pages(count)) }
    }
    #expect(borders(space) == borders("AAAA BB"))
    space.limits.maxMapCount = 3
    // The second cut fails, and the first stays.
    #expect(throws: Errno.noMemory) { try space.munmap(column(1), length: pages(2)) }
    #expect(borders(space) == borders("ABBB CC"))
    space.limits.maxMapCount = 4
    #expect(throws: Errno.noMemory) { try space.munmap(column(2), length: pages(4)) }
    #expect(borders(space) == borders("ABCC DD"))
    try space.munmap(column(1), length: pages(4))
    #expect(borders(space) == borders("A    BB"))
  }

  /// Whole VMAs go at any count, and edges are cut as with a limit that is far away.
  @Test func cutsAreSplits() throws {
    var space = try mapped("AAAA BB")
    try space.munmap(column(1), length: pages(5))
    #expect(borders(space) == borders("A     B"))
    #expect(space.statistics.adjustments(.insert) == 2)
    space.limits.maxMapCount = 0
    try space.munmap(column(0), length: pages(7))
    #expect(space.mapCount == 0)
  }

  @Test func kernelMappingsCanBeCut() throws {
    let flags: VMAFlags = [.read, .exec, .mayRead, .mayWrite, .mayExec, .dontExpand]
    var space = TreeSpace(profile: .linux2_6)
    try space.insertVMStruct(Canvas.range(0..<2), flags: flags)
    try space.munmap(column(1), length: pages(1))
    #expect(borders(space) == borders("A"))
  }

  @Test func mbindOnlySplits() throws {
    var space = try mapped("AAAA")
    try space.mbind(column(1), length: pages(2), policy: PolicyID(1))
    #expect(borders(space) == borders("ABBC"))
    try space.mbind(column(0), length: pages(4), policy: .default)
    #expect(borders(space) == borders("ABBC"))
    #expect(space.boundaryCounts()[.notTried] == 2)
    // It cuts at the ends of the range even where it changes nothing.
    try space.mbind(column(2), length: pages(1), policy: .default)
    #expect(borders(space) == borders("ABCD"))
    #expect(merges(space).isEmpty)
  }

  @Test func growthInPlaceDoesNotJoin() throws {
    var space = try mapped("AA BB")
    try space.mremap(
      column(0), oldSize: pages(2), newSize: pages(3), flags: .mayMove, result: column(0))
    #expect(borders(space) == borders("AAABB"))
    #expect(merges(space).isEmpty)
  }

  /// Pieces of what was one VMA before a fork are one again when they are alike.
  @Test func childSharesTheAnonVMA() throws {
    var parent = try mapped("AAA")
    parent.writeFault(in: Canvas.range(0..<3))
    try parent.mprotect(column(1), length: pages(1), prot: .read)
    var child = parent.fork()
    #expect(child.vmas().map(\.anonVMA) == parent.vmas().map(\.anonVMA))
    try child.mprotect(column(1), length: pages(1), prot: rw)
    #expect(borders(child) == borders("AAA"))
    // And inherited memory joins what was never written.
    try child.mmap(at: column(3), length: pages(1), prot: rw, flags: fixed)
    #expect(borders(child) == borders("AAAA"))
  }

  @Test func counters() throws {
    var space = try mapped("AA")
    try space.mmap(
      at: column(2), length: pages(3), prot: .read | .exec, flags: .private | .fixed,
      file: FileDescriptionID(1))
    try space.mmap(
      at: column(5), length: pages(4), prot: rw, flags: fixed | .growsDown)
    try space.install(Canvas.range(9..<10), flags: [.read, .io], file: FileDescriptionID(2))
    try space.mlock(column(0), length: pages(3))
    #expect(space.totalVM == 10)
    #expect(space.lockedVM == 3)
    #expect(space.counters.shared == 4)
    #expect(space.counters.exec == 3)
    #expect(space.counters.stack == 4)
    #expect(space.counters.reserved == 1)
    #expect(space.counters.accounted == 6)
    // Code that becomes writable is no longer counted as such.
    try space.mprotect(column(2), length: pages(1), prot: rw | .exec)
    #expect(space.counters.exec == 2)
    try space.munmap(column(1), length: pages(5))
    #expect(space.totalVM == 5)
    #expect(space.counters.shared == 1)
    #expect(space.counters.stack == 3)
    #expect(space.hiwaterVM == 10)
    let child = space.fork()
    #expect(child.hiwaterVM == 5)
    #expect(child.counters.locked == 0)
    space.removeAll()
    #expect(space.hiwaterVM == 0)
    #expect(space.counters == TreeSpace().counters)
  }
}
