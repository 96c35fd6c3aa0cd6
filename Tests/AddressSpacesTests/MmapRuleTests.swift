import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

private let fixed: MapFlags = .private | .anonymous | .fixed
private let rw: Protection = .read | .write

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
    var space = try mappedRuns("AAA")
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

  /// Nothing of the VMAs that were there is remembered.
  @Test func removedVMAsLeaveNothingBehind() throws {
    var space = try mappedRuns("AA")
    space.removeAll()
    #expect(throws: Never.self) { try space.munmap(column(0), length: pages(1)) }
    try space.install(Canvas.range(4..<5), flags: [.read, .mayRead], file: FileDescriptionID(7))
    try space.mmap(at: column(0), length: pages(2), prot: rw, flags: fixed)
    #expect(space.vmas().map(\.file) == [.none, FileDescriptionID(7)])
    #expect(space.vmas().first?.flags.contains(.write) == true)
    space.checkInvariants()
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
