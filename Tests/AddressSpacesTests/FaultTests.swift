import AddressSpaces
import SyscallABI
import Testing

/// The hidden state: which memory was written, and what follows from it.
@Suite struct FaultTests {
  private static let fixed: MapFlags = .private | .anonymous | .fixed
  private static let rw: Protection = .read | .write

  private func mapped(_ drawing: String, _ prot: Protection = rw) throws -> TreeSpace {
    var space = TreeSpace()
    for (_, range) in Canvas.runs(drawing) {
      try space.mmap(at: range.start, length: range.length, prot: prot, flags: Self.fixed)
    }
    return space
  }

  private func anonVMAs(_ space: borrowing TreeSpace) -> [AnonVMA] { space.vmas().map(\.anonVMA) }

  @Test func onlyPrivateWritableMemoryIsWritten() throws {
    var space = TreeSpace()
    let file = FileDescriptionID(1)
    try space.mmap(at: column(0), length: pages(1), prot: .read, flags: Self.fixed)
    try space.mmap(
      at: column(1), length: pages(1), prot: Self.rw, flags: .shared | .anonymous | .fixed,
      file: FileDescriptionID(2))
    try space.mmap(
      at: column(2), length: pages(1), prot: Self.rw, flags: .private | .fixed, file: file)
    try space.mmap(at: column(3), length: pages(1), prot: Self.rw, flags: Self.fixed)
    space.writeFault(in: Canvas.range(0..<4))
    #expect(anonVMAs(space).map(\.isNone) == [true, true, false, false])
  }

  @Test func splitsShareTheAnonVMA() throws {
    var space = try mapped("AAA")
    space.writeFault(in: Canvas.range(0..<1))
    try space.mprotect(column(1), length: pages(1), prot: .read)
    #expect(borders(space) == borders("ABC"))
    #expect(Set(anonVMAs(space)).count == 1)
    try space.mprotect(column(1), length: pages(1), prot: Self.rw)
    #expect(borders(space) == borders("AAA"))
  }

  /// The first write takes over the anon_vma of the next VMA, else that of the one before, if only
  /// access differs.
  @Test func adoption() throws {
    var space = try mapped("AAA")
    try space.mprotect(column(1), length: pages(1), prot: .read | .write | .exec)
    space.writeFault(in: Canvas.range(2..<3))
    space.writeFault(in: Canvas.range(1..<2))
    space.writeFault(in: Canvas.range(0..<1))
    #expect(Set(anonVMAs(space)).count == 1)
    try space.mprotect(column(1), length: pages(1), prot: Self.rw)
    #expect(borders(space) == borders("AAA"))
  }

  @Test func noAdoptionAcrossOtherFlags() throws {
    var space = try mapped("AAA")
    try space.madvise(column(1), length: pages(1), advice: .random)
    space.writeFault(in: Canvas.range(0..<3))
    #expect(Set(anonVMAs(space)).count == 3)
    try space.madvise(column(1), length: pages(1), advice: .normal)
    #expect(borders(space) == borders("ABC"))
    #expect(space.boundaryCounts()[.anonVMA] == 2)
  }

  /// Fresh read-only memory, next to memory that was made read-only.
  @Test func accountStaysOnlyWithWrittenMemory() throws {
    for isWritten in [true, false] {
      var space = try mapped("A")
      try space.mmap(at: column(1), length: pages(1), prot: .read, flags: Self.fixed)
      if isWritten { space.writeFault(in: Canvas.range(0..<1)) }
      try space.mprotect(column(0), length: pages(1), prot: .read)
      #expect(borders(space) == borders(isWritten ? "AB" : "AA"))
    }
  }

  @Test func aHoleBetweenTwoWrittenRangesJoinsTheLowerOne() throws {
    var space = try mapped("AA BB")
    space.writeFault(in: Canvas.range(0..<2))
    space.writeFault(in: Canvas.range(3..<5))
    try space.mmap(at: column(2), length: pages(1), prot: Self.rw, flags: Self.fixed)
    #expect(borders(space) == borders("AAABB"))
  }

  @Test func aWrittenRangeMergesIntoAnUnwrittenNeighbour() throws {
    var space = try mapped("AAA")
    try space.mprotect(column(1), length: pages(1), prot: .none)
    try space.mprotect(column(1), length: pages(1), prot: Self.rw)
    #expect(borders(space) == borders("AAA"))

    try space.madvise(column(1), length: pages(2), advice: .random)
    space.writeFault(in: Canvas.range(1..<2))
    try space.madvise(column(1), length: pages(2), advice: .normal)
    #expect(borders(space) == borders("AAA"))
    #expect(anonVMAs(space).map(\.isNone) == [false])
  }

  /// Before 6.16 the unwritten neighbour had to have an anon_vma of its own.
  @Test func olderKernelsKeepWrittenAndUnwrittenApart() throws {
    var space = TreeSpace(profile: KernelProfile(version: KernelVersion(6, 1)))
    try space.mmap(at: column(0), length: pages(3), prot: Self.rw, flags: Self.fixed)
    try space.madvise(column(1), length: pages(2), advice: .random)
    space.writeFault(in: Canvas.range(1..<2))
    try space.madvise(column(1), length: pages(2), advice: .normal)
    #expect(borders(space) == borders("ABB"))
  }

  @Test func populatingCallsWrite() throws {
    var space = TreeSpace()
    try space.mmap(
      at: column(0), length: pages(1), prot: Self.rw, flags: Self.fixed | .populate)
    try space.mmap(
      at: column(2), length: pages(1), prot: Self.rw, flags: Self.fixed | .locked)
    try space.mmap(
      at: column(4), length: pages(1), prot: .read, flags: Self.fixed | .populate)
    try space.mmap(
      at: column(6), length: pages(1), prot: Self.rw, flags: Self.fixed | .populate | .nonBlock)
    #expect(anonVMAs(space).map(\.isNone) == [false, false, true, true])
    try space.madvise(column(6), length: pages(1), advice: .populateWrite)
    try space.madvise(column(4), length: pages(1), advice: .guardInstall)
    #expect(anonVMAs(space).allSatisfy { !$0.isNone })
  }

  @Test func guardsCountAsWrittenInAnonymousMemoryOnly() throws {
    var space = try mapped("A", .read)
    try space.mmap(
      at: column(1), length: pages(1), prot: Self.rw, flags: .private | .fixed,
      file: FileDescriptionID(1))
    try space.madvise(column(0), length: pages(2), advice: .guardInstall)
    #expect(anonVMAs(space).map(\.isNone) == [false, true])
  }

  @Test func lockingWrites() throws {
    var space = try mapped("A B")
    try space.mlock(column(0), length: pages(1))
    try space.mlock(column(2), length: pages(1), onFault: true)
    #expect(anonVMAs(space).map(\.isNone) == [false, true])
    #expect(space.lockedVM == 2)

    space = try mapped("A", .read)
    try space.mlock(column(0), length: pages(1))
    #expect(anonVMAs(space).map(\.isNone) == [true])
    try space.mprotect(column(0), length: pages(1), prot: Self.rw)
    #expect(anonVMAs(space).map(\.isNone) == [false])
  }

  @Test func lockedGrowthIsPopulated() throws {
    var space = try mapped("AA", .read)
    try space.mlock(column(0), length: pages(2))
    try space.mprotect(column(0), length: pages(1), prot: .none)
    try space.mremap(
      column(1), oldSize: pages(1), newSize: pages(2), flags: .mayMove, result: column(1))
    #expect(space.lockedVM == 3)
    #expect(anonVMAs(space).allSatisfy { $0.isNone })

    space = try mapped("A")
    try space.mlock(column(0), length: pages(1), onFault: true)
    try space.mremap(
      column(0), oldSize: pages(1), newSize: pages(2), flags: .mayMove, result: column(0))
    #expect(anonVMAs(space).map(\.isNone) == [true])
    #expect(space.lockedVM == 2)
  }
}
