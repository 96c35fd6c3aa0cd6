import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

private let fixed: MapFlags = .private | .anonymous | .fixed
private let rw: Protection = .read | .write

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
      var space = try mappedRuns("AAA")
      try space.madvise(column(1), length: pages(1), advice: on)
      #expect(borders(space) == borders("ABC"), "\(on.name)")
      #expect(space.boundaryCounts()[.flags] == 2)
      try space.madvise(column(1), length: pages(1), advice: off)
      #expect(borders(space) == borders("AAA"), "\(off.name)")
    }
    // No advice returns to neither huge nor not huge.
    var space = try mappedRuns("AAA")
    try space.madvise(column(1), length: pages(1), advice: .noHugePage)
    try space.madvise(column(1), length: pages(1), advice: .hugePage)
    #expect(borders(space) == borders("ABC"))
    // What MAP_STACK sets is what MADV_NOHUGEPAGE sets.
    try space.mmap(at: column(3), length: pages(1), prot: rw, flags: fixed | .stack)
    try space.madvise(column(2), length: pages(1), advice: .noHugePage)
    #expect(borders(space) == borders("ABCC"))
  }

  @Test func adviceOnPagesChangesNothing() throws {
    var space = try mappedRuns("AAA")
    for advice: Advice in [
      .dontNeed, .free, .cold, .pageOut, .willNeed, .populateRead, .guardRemove, .collapse,
    ] {
      try space.madvise(column(1), length: pages(1), advice: advice)
    }
    #expect(borders(space) == borders("AAA"))
    #expect(space.vmas().allSatisfy { $0.anonVMA.isNone })
  }

  @Test func policySplitsAndMergesBack() throws {
    var space = try mappedRuns("AAA")
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
    var space = try mappedRuns("AAA")
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
    var space = try mappedRuns("AAA")
    try space.setName(column(1), length: pages(1), name: NameID(1))
    #expect(borders(space) == borders("ABC"))
    try space.setName(column(1), length: pages(1), name: .none)
    #expect(borders(space) == borders("AAA"))
  }
}
