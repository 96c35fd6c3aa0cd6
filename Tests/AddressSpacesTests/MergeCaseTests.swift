import AddressSpaces
import SyscallABI
import Testing

/// The eight cases of merging, drawn.
@Suite struct MergeCaseTests {
  @Test(arguments: TestedIndex.allCases)
  func newRanges(_ index: TestedIndex) throws {
    try expectMerge(index, before: "AA BB", mapping: "  * ", after: "AAAAA", .case1)
    try expectMerge(index, before: "AA  BB", mapping: "  *", after: "AAA BB", .case2)
    try expectMerge(index, before: "AA  BB", mapping: "   *", after: "AA BBB", .case3)
    try expectMerge(index, before: "AA   BB", mapping: "   *", after: "AA C BB", nil)
    try expectMerge(index, before: "", mapping: "*", after: "A", nil)
    try expectMerge(index, before: "AA", mapping: "  **", after: "AAAA", .case2)
    try expectMerge(index, before: "  AA", mapping: "**", after: "AAAA", .case3)
  }

  @Test(arguments: TestedIndex.allCases)
  func changedParts(_ index: TestedIndex) throws {
    try expectMerge(index, before: "aaaaBB", changing: "  **", after: "aaBBBB", .case4)
    try expectMerge(index, before: "AAbbbb", changing: "  **", after: "AAAAbb", .case5)
    try expectMerge(index, before: "AAbbCC", changing: "  **", after: "AAAAAA", .case6)
    try expectMerge(index, before: "AAbbcc", changing: "  **", after: "AAAAcc", .case7)
    try expectMerge(index, before: "aabbCC", changing: "  **", after: "aaCCCC", .case8)
    try expectMerge(index, before: "AAbb CC", changing: "  **", after: "AAAA CC", .case7)
    try expectMerge(index, before: "AA bbCC", changing: "   **", after: "AA CCCC", .case8)
    try expectMerge(index, before: "aaaaaa", changing: "  **", after: "aaBBaa", nil)
  }

  /// A range that replaces others merges with what is left of them.
  @Test(arguments: TestedIndex.allCases)
  func replacedRanges(_ index: TestedIndex) throws {
    try expectMerge(index, before: "AAbbCC", mapping: "  **", after: "AAAAAA", .case1)
    try expectMerge(index, before: "AAAAAA", mapping: "  **", after: "AAAAAA", .case1)
    try expectMerge(index, before: "AAAA", mapping: "  **", after: "AAAA", .case2)
    try expectMerge(index, before: "aaBBcc", mapping: " ****", after: "aBBBBc", nil)
  }

  /// Over several VMAs, each changes by itself.
  @Test func severalVMAsChangeOneByOne() throws {
    var space: TreeSpace = try paint("AAbbccDD")
    // b and c are alike and touch, but no call has tried to merge them so far.
    #expect(borders(space).count == 4)
    let range = Canvas.marked("  ****")
    try space.mprotect(range.start, length: range.length, prot: .read | .write)
    #expect(borders(space) == borders("AAAAAAAA"))
    #expect(merges(space) == [.case6, .case7])
  }

  @Test func theSurvivorKeepsItsHandle() throws {
    var space: TreeSpace = try paint("AA BB")
    let below = space.vmas()[0].handle
    let hole = Canvas.marked("  *")
    try space.mmap(
      at: hole.start, length: hole.length, prot: .read | .write,
      flags: .private | .anonymous | .fixed)
    #expect(space.vmas().map(\.handle) == [below])
    #expect(space.slabStatistics.objects == 1)
  }
}

/// Every reason for which two ranges that touch stay apart.
@Suite struct MergeRefusalTests {
  private static let file = FileDescriptionID(7)
  private static let rw: Protection = .read | .write
  private static let fixed: MapFlags = .private | .anonymous | .fixed

  /// Maps plain memory right above one VMA, and expects two VMAs and this reason.
  private func expectRefusal(
    of flags: VMAFlags, file: FileDescriptionID = .none, policy: PolicyID = .default,
    name: NameID = .none, userfault: UserfaultID = .none, _ reason: MergeRefusal,
    _ cause: VMABoundary.Cause
  ) throws {
    var space = TreeSpace()
    try space.install(
      Canvas.range(0..<2), flags: flags, file: file, policy: policy, name: name,
      userfault: userfault)
    try space.mmap(at: column(2), length: pages(2), prot: Self.rw, flags: Self.fixed)
    #expect(borders(space) == borders("AABB"))
    #expect(refusals(space) == [reason])
    let counts = space.boundaryCounts()
    #expect(counts[cause] == 1)
    #expect(counts.total == 1)
  }

  @Test func flags() throws {
    try expectRefusal(of: Paint.plain.union(.randRead), .flags, .flags)
    try expectRefusal(of: Paint.plain.subtracting(.account), .flags, .flags)
    try expectRefusal(of: Paint.plain.subtracting(.write), .flags, .prot)
    try expectRefusal(of: Paint.plain.union([.shared, .mayShare]), .flags, .shared)
    // The special flag of the neighbour is one flag among others for the new range.
    try expectRefusal(of: Paint.plain.union(.dontExpand), .flags, .special)
  }

  @Test func fileAndOffset() throws {
    try expectRefusal(of: Paint.plain, file: Self.file, .file, .file)
    var space = TreeSpace()
    for (first, offset) in [(0, 0), (2, 3), (4, 4)] as [(Int, UInt64)] {
      try space.mmap(
        at: column(first), length: pages(2), prot: .read, flags: .private | .fixed,
        file: Self.file, offset: offset * Page.size)
    }
    #expect(borders(space) == borders("AABBCC"))
    #expect(refusals(space) == [.offset, .offset])
    #expect(space.boundaryCounts()[.offset] == 2)
  }

  @Test func policyNameAndUserfault() throws {
    try expectRefusal(of: Paint.plain, policy: PolicyID(1), .policy, .policy)
    try expectRefusal(of: Paint.plain, name: NameID(1), .name, .name)
    try expectRefusal(of: Paint.plain, userfault: UserfaultID(1), .userfaultfd, .userfaultfd)
  }

  @Test func specialMappingsMergeWithNothing() throws {
    var space = TreeSpace()
    let flags: VMAFlags = [.read, .mayRead, .io, .pfnMap, .dontExpand]
    try space.install(Canvas.range(0..<2), flags: flags)
    try space.install(Canvas.range(2..<4), flags: flags.union(.dontDump))
    try space.madvise(column(2), length: pages(2), advice: .doFork, leniently: true)
    try space.madvise(column(0), length: pages(2), advice: .dontDump)
    #expect(borders(space) == borders("AABB"))
    #expect(refusals(space) == [.special])
    #expect(space.boundaryCounts()[.special] == 1)
  }

  /// A piece of an attached segment must not disappear, but it may grow into a neighbour.
  @Test func closeHook() throws {
    var space = TreeSpace()
    try space.shmat(at: column(0), length: pages(6), segment: Self.file)
    let middle = column(2)
    try space.mprotect(middle, length: pages(2), prot: .read)
    #expect(borders(space) == borders("AABBCC"))
    try space.mprotect(middle, length: pages(2), prot: Self.rw)
    #expect(borders(space) == borders("AABBCC"))
    #expect(refusals(space) == [.closeHook, .closeHook])
    #expect(space.boundaryCounts()[.closeHook] == 2)

    try space.mprotect(middle, length: pages(2), prot: .read)
    try space.mprotect(middle, length: pages(1), prot: Self.rw)
    #expect(borders(space) == borders("AAABCC"))
    #expect(merges(space) == [.case5])
  }

  @Test func anonVMAs() throws {
    var space: TreeSpace = try paint("AA BB", written: "AB")
    try space.mmap(at: column(2), length: pages(1), prot: Self.rw, flags: Self.fixed)
    // The new range could join either, but both cannot be one.
    #expect(borders(space) == borders("AAABB"))
    #expect(refusals(space) == [.anonVMA])
    #expect(merges(space) == [.case2])
    #expect(space.boundaryCounts()[.anonVMA] == 1)
  }

  @Test func heapDoesNotJoinWhatEndsAtItsStart() throws {
    var space = TreeSpace()
    try space.install(Canvas.range(0..<2), flags: Paint.plain)
    space.setHeap(start: column(2), end: column(2))
    space.brk(column(4))
    #expect(borders(space) == borders("AABB"))
    #expect(refusals(space) == [.heap])
    #expect(space.boundaryCounts()[.heap] == 1)
    #expect(space.boundaryCounts().missedMerges == 1)
  }

  /// Two that became alike without a call that changes them there.
  @Test func notTried() throws {
    let space: TreeSpace = try paint("AABB")
    #expect(space.boundaryCounts()[.notTried] == 1)
    #expect(space.boundaryCounts().alone(.notTried) == 1)
  }

  @Test func boundariesNameAllThatDiffers() throws {
    var space = TreeSpace()
    try space.install(Canvas.range(0..<1), flags: Paint.plain, policy: PolicyID(3))
    try space.install(
      Canvas.range(1..<2), flags: Paint.plain.subtracting(.write).union(.randRead), name: NameID(2))
    var found: [VMABoundary] = []
    space.forEachBoundary { found.append($0) }
    #expect(found.count == 1)
    let boundary = try #require(found.first)
    #expect(boundary.cause == .prot)
    #expect(boundary.cause.isNeeded)
    #expect(!boundary.isAlone)
    #expect(boundary.differingFlags == .randRead)
    let causes = VMABoundary.Cause.allCases.filter { boundary.differences.contains($0) }
    #expect(causes == [.prot, .flags, .policy, .name])
  }
}
