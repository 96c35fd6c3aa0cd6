import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

private let fixed: MapFlags = .private | .anonymous | .fixed
private let rw: Protection = .read | .write

private func mapped(_ drawing: String, limit: Int = 65_530) throws -> TreeSpace {
  var space = TreeSpace()
  for (_, range) in Canvas.runs(drawing) {
    try space.mmap(at: range.start, length: range.length, prot: rw, flags: fixed)
  }
  space.limits.maxMapCount = limit
  return space
}

/// What calls that fail leave behind.
@Suite struct FailureTests {
  @Test func mprotectChangesWhatLiesBelowTheHole() throws {
    var space = try mapped("AAA BB")
    #expect(throws: Errno.noMemory) {
      try space.mprotect(column(1), length: pages(4), prot: .read)
    }
    #expect(borders(space) == borders("ABB CC"))
    #expect(throws: Errno.noMemory) {
      try space.mprotect(column(3), length: pages(2), prot: .read)
    }
    #expect(borders(space) == borders("ABB CC"))
    // Known to have succeeded, the call passes over the hole.
    try space.mprotect(column(1), length: pages(4), prot: .read, leniently: true)
    #expect(borders(space) == borders("ABB CD"))
  }

  @Test func mprotectStopsAtWhatMayNotBeWritten() throws {
    var space = try mapped("A")
    try space.mmap(
      at: column(1), length: pages(1), prot: .read, flags: .shared | .fixed,
      file: FileDescriptionID(1), fileIsWritable: false)
    try space.mmap(at: column(2), length: pages(1), prot: .read, flags: fixed)
    #expect(space.predictMprotect(column(0), length: pages(3), prot: rw) == .permissionDenied)
    #expect(throws: Errno.permissionDenied) {
      try space.mprotect(column(0), length: pages(3), prot: .read | .write | .exec)
    }
    #expect(space.vmas().map { $0.flags.contains(.exec) } == [true, false, false])
  }

  @Test func mprotectErrors() throws {
    let space = try mapped("AA")
    #expect(
      space.predictMprotect(column(0) &+ 1, length: 1, prot: .read) == .invalidArgument)
    #expect(space.predictMprotect(column(9), length: 0, prot: .read) == nil)
    #expect(space.predictMprotect(column(0), length: .max, prot: .read) == .noMemory)
    #expect(
      space.predictMprotect(column(0), length: 1, prot: Protection(rawValue: 0x100))
        == .invalidArgument)
    #expect(
      space.predictMprotect(column(0), length: 1, prot: .read | .growsDown) == .invalidArgument)
  }

  @Test func madviseGoesOnOverHoles() throws {
    var space = try mapped("AAA BB")
    #expect(throws: Errno.noMemory) {
      try space.madvise(column(1), length: pages(4), advice: .random)
    }
    #expect(borders(space) == borders("ABB CD"))
    // A VMA that does not take the advice stops it there.
    try space.mmap(
      at: column(6), length: pages(1), prot: rw, flags: .private | .fixed,
      file: FileDescriptionID(1))
    #expect(throws: Errno.invalidArgument) {
      try space.madvise(column(0), length: pages(9), advice: .wipeOnFork)
    }
    let wiped = space.vmas().map { $0.flags.contains(.wipeOnFork) }
    #expect(wiped == [true, true, true, true, false])
  }

  @Test func madviseErrors() throws {
    var space = try mapped("A B")
    try space.mlock(column(0), length: 1)
    func errno(_ at: Int, _ advice: Advice) -> Errno? {
      space.predictMadvise(column(at), length: 1, advice: advice)
    }
    #expect(errno(0, Advice(rawValue: 7)) == .invalidArgument)
    for advice: Advice in [.free, .dontNeed, .cold, .pageOut, .guardInstall] {
      #expect(errno(0, advice) == .invalidArgument)
      #expect(errno(2, advice) == nil)
      #expect(errno(1, advice) == .noMemory)
    }
    #expect(errno(0, .dontNeedLocked) == nil)
  }

  @Test func mlockLocksThePrefix() throws {
    var space = try mapped("AAA BB")
    #expect(throws: Errno.noMemory) { try space.mlock(column(1), length: pages(4)) }
    #expect(borders(space) == borders("ABB CC"))
    #expect(space.lockedVM == 2)
    #expect(throws: Errno.noMemory) { try space.munlock(column(2), length: pages(2)) }
    #expect(borders(space) == borders("ABC DD"))
  }

  /// Memory that cannot be touched is locked all the same.
  @Test func mlockStaysWhereTouchingFails() throws {
    var space = try mapped("A")
    try space.mmap(at: column(1), length: pages(1), prot: .none, flags: fixed)
    try space.mmap(at: column(2), length: pages(1), prot: rw, flags: fixed)
    #expect(space.predictMlock(column(0), length: pages(3)) == .noMemory)
    #expect(space.predictMlock(column(0), length: pages(3), onFault: true) == nil)
    #expect(throws: Errno.noMemory) { try space.mlock(column(0), length: pages(3)) }
    #expect(space.lockedVM == 3)
    #expect(space.vmas().map { !$0.anonVMA.isNone } == [true, false, false])
    // Whether memory that may only be executed can be read depends on the processor.
    try space.mmap(at: column(4), length: pages(1), prot: .exec, flags: fixed)
    #expect(space.predictMlock(column(4), length: 1) == .noMemory)
    space.limits.hasProtectionKeys = false
    #expect(space.predictMlock(column(4), length: 1) == nil)
  }

  @Test func callsWithoutEffect() throws {
    var space = try mapped("AA")
    #expect(throws: Errno.invalidArgument) {
      try space.mremap(
        column(0), oldSize: pages(2), newSize: 0, flags: .mayMove, result: column(0))
    }
    #expect(throws: Errno.badAddress) {
      try space.mremap(
        column(0), oldSize: pages(3), newSize: pages(4), flags: .mayMove, result: column(0))
    }
    #expect(throws: Errno.invalidArgument) { try space.shmdt(column(0)) }
    #expect(borders(space) == borders("AA"))
  }
}

/// What happens when there are as many VMAs as may be.
@Suite struct MapLimitTests {
  /// A new mapping is refused only above the limit, even one that would merge.
  @Test func mappings() throws {
    var space = try mapped("A B", limit: 2)
    try space.mmap(at: column(4), length: pages(1), prot: rw, flags: fixed)
    #expect(space.mapCount == 3)
    #expect(throws: Errno.noMemory) {
      try space.mmap(at: column(1), length: pages(1), prot: rw, flags: fixed)
    }
    #expect(throws: Errno.noMemory) {
      try space.mmap(at: column(0), length: pages(1), prot: .read, flags: fixed)
    }
    #expect(borders(space) == borders("A B C"))
  }

  @Test func splits() throws {
    var space = try mapped("AAA B", limit: 2)
    let middle = column(1)
    #expect(throws: Errno.noMemory) { try space.mprotect(middle, length: 1, prot: .read) }
    #expect(throws: Errno.resourceTemporarilyUnavailable) {
      try space.madvise(middle, length: 1, advice: .random)
    }
    #expect(throws: Errno.noMemory) { try space.mlock(middle, length: 1) }
    #expect(throws: Errno.noMemory) { try space.mbind(middle, length: 1, policy: PolicyID(1)) }
    #expect(throws: Errno.noMemory) { try space.munmap(middle, length: 1) }
    #expect(borders(space) == borders("AAA B"))
    try space.munmap(column(2), length: 1)
    #expect(borders(space) == borders("AA  B"))
  }

  /// A change in the middle needs two splits; the first may succeed alone.
  @Test func firstOfTwoSplitsStays() throws {
    var space = try mapped("AAA B", limit: 3)
    #expect(space.predictMprotect(column(1), length: 1, prot: .read) == .noMemory)
    #expect(throws: Errno.noMemory) { try space.mprotect(column(1), length: 1, prot: .read) }
    #expect(borders(space) == borders("ABB C"))
    #expect(space.vmas().allSatisfy { $0.flags.contains(.write) })
  }

  /// In 2.6 even cutting one end off needs a VMA to spare.
  @Test func oldTrims() throws {
    var space = TreeSpace(profile: .linux2_6)
    try space.mmap(at: column(0), length: pages(3), prot: rw, flags: fixed)
    space.limits.maxMapCount = 1
    #expect(throws: Errno.noMemory) { try space.munmap(column(2), length: 1) }
    #expect(throws: Errno.noMemory) { try space.munmap(column(0), length: 1) }
    try space.munmap(column(0), length: pages(3))
    #expect(space.mapCount == 0)
  }

  /// A move with a fixed target needs a reserve of six.
  @Test func moves() throws {
    var space = try mapped("A B C", limit: 9)
    #expect(
      space.predictMremap(
        column(0), oldSize: pages(1), newSize: pages(1), flags: .mayMove | .fixed,
        newAddress: column(8)) == nil)
    space.limits.maxMapCount = 8
    #expect(throws: Errno.noMemory) {
      try space.mremap(
        column(0), oldSize: pages(1), newSize: pages(1), flags: .mayMove | .fixed,
        newAddress: column(8), result: column(8))
    }
    #expect(borders(space) == borders("A B C"))
  }

  @Test func otherLimits() throws {
    var space = try mapped("AA")
    space.limits.addressSpace = pages(3)
    #expect(throws: Errno.noMemory) {
      try space.mmap(at: column(4), length: pages(2), prot: rw, flags: fixed)
    }
    try space.mmap(at: column(4), length: pages(1), prot: rw, flags: fixed)
    space.limits.memLock = pages(1)
    try space.mlock(column(0), length: pages(1))
    #expect(throws: Errno.noMemory) { try space.mlock(column(0), length: pages(2)) }
  }
}
