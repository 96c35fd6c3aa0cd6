import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

private let fixed: MapFlags = .private | .anonymous | .fixed
private let rw: Protection = .read | .write

/// Unmapping.
@Suite struct MunmapRuleTests {
  @Test func munmapCutsAndPassesOverHoles() throws {
    var space = try mappedRuns("AAAA BB")
    try space.munmap(column(1), length: pages(1))
    #expect(borders(space) == borders("A BB CC"))
    #expect(space.statistics.splits == 2)
    try space.munmap(column(3), length: pages(3))
    #expect(borders(space) == borders("A B   C"))
    try space.munmap(column(10), length: pages(5))
    #expect(space.totalVM == 3)
  }

  @Test func munmapErrors() throws {
    var space = try mappedRuns("AA")
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
    var space = try mappedRuns("AA")
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
    var space = try mappedRuns("AAA BB")
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
}
