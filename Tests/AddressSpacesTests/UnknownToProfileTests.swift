import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

private let fixed: MapFlags = .private | .anonymous | .fixed
private let rw: Protection = .read | .write

/// What a log shows and 2.6.32 does not know: it happened, changes no VMA, and is counted.
@Suite struct UnknownToProfileTests {
  private func mapped() throws -> TreeSpace {
    var space = TreeSpace(profile: .linux2_6)
    try space.mmap(at: column(0), length: pages(3), prot: rw, flags: fixed)
    return space
  }

  @Test func adviceOfNewerKernels() throws {
    let newer: [Advice] = [
      .free, .hugePage, .noHugePage, .dontDump, .doDump, .wipeOnFork, .keepOnFork, .cold,
      .pageOut, .populateRead, .populateWrite, .dontNeedLocked, .collapse, .softOffline,
      .guardInstall, .guardRemove,
    ]
    var space = try mapped()
    let before = space.vmas()
    for (number, advice) in newer.enumerated() {
      #expect(space.predictMadvise(column(1), length: pages(1), advice: advice) == nil)
      try space.madvise(column(1), length: pages(1), advice: advice, leniently: true)
      #expect(space.vmas() == before, "\(advice.name)")
      #expect(space.statistics.unknownToProfile == UInt64(number + 1))
    }
    // Without a word on its success it is no different.
    try space.madvise(column(1), length: pages(1), advice: .hugePage)
    #expect(space.vmas() == before)
    // No kernel knows this one.
    #expect(throws: Errno.invalidArgument) {
      try space.madvise(column(1), length: 1, advice: Advice(rawValue: 7), leniently: true)
    }
    #expect(space.statistics.unknownToProfile == UInt64(newer.count + 1))
  }

  @Test func adviceOfItsOwn() throws {
    for advice: Advice in [.random, .sequential, .dontFork, .mergeable] {
      var space = try mapped()
      try space.madvise(column(1), length: pages(1), advice: advice)
      #expect(borders(space) == borders("ABC"), "\(advice.name)")
      #expect(space.statistics.unknownToProfile == 0)
    }
  }

  @Test func mapFlags() throws {
    var space = try mapped()
    let plain = space.vmas()[0].flags
    for (number, flags) in [
      fixed | .stack, .private | .anonymous | .fixedNoReplace, .droppable | .anonymous,
    ].enumerated() {
      try space.mmap(
        at: column(3 + number), length: pages(1), prot: rw, flags: flags, leniently: true)
      #expect(space.vmas().map(\.flags) == [plain])
      #expect(space.statistics.unknownToProfile == UInt64(number + 1))
    }
    // Without a meaning, the flag does not keep live memory from being hinted at.
    #expect(
      space.predictMmap(
        at: column(0), length: pages(1), prot: rw,
        flags: .private | .anonymous | .fixedNoReplace, hasFile: false) == nil)
  }

  @Test func callsOfNewerKernels() throws {
    var space = try mapped()
    let before = space.vmas()
    try space.mlock(column(1), length: pages(1), onFault: true, leniently: true)
    try space.mlockall(.current | .onFault, leniently: true)
    try space.mseal(column(1), length: pages(1), leniently: true)
    try space.setName(column(1), length: pages(1), name: NameID(1), leniently: true)
    try space.mprotect(column(1), length: pages(1), prot: rw, pkey: 3)
    #expect(space.vmas() == before)
    #expect(space.statistics.unknownToProfile == 5)
    #expect(space.predictMseal(column(9), length: pages(1)) == nil)
  }

  /// The addresses of the log stay true: the target is mapped, and so is the source.
  @Test func remapFlags() throws {
    var space = try mapped()
    try space.mremap(
      column(0), oldSize: pages(3), newSize: pages(3), flags: .mayMove | .dontUnmap,
      result: column(6), leniently: true)
    #expect(borders(space) == borders("AAA   BBB"))
    #expect(space.statistics.unknownToProfile == 1)
    try space.mprotect(column(1), length: pages(1), prot: .read)
    try space.mremap(
      column(0), oldSize: pages(3), newSize: pages(3), flags: .mayMove | .fixed,
      newAddress: column(12), result: column(12), leniently: true)
    #expect(borders(space) == borders("      AAA   BCD"))
    #expect(space.statistics.unknownToProfile == 2)
    #expect(throws: Errno.badAddress) {
      try space.mremap(
        column(12), oldSize: pages(3), newSize: pages(3), flags: .mayMove | .fixed,
        newAddress: column(20), result: column(20))
    }
  }

  @Test func linux6KnowsAll() throws {
    var space = TreeSpace()
    try space.mmap(at: column(0), length: pages(3), prot: rw, flags: fixed | .stack)
    try space.madvise(column(1), length: pages(1), advice: .guardRemove)
    try space.mseal(column(1), length: pages(1))
    #expect(space.statistics.unknownToProfile == 0)
  }
}
