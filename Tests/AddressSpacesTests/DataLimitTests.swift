import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

/// RLIMIT_DATA and RLIMIT_AS as a 6.18 kernel was seen to apply them.
@Suite struct DataLimitTests {
  private let page = Page.size
  private let base = Address(0x7f00_0000_0000)

  /// Eight written pages at `base`, eight inaccessible ones above, and four pages of data left.
  private func space(_ profile: KernelProfile = .linux6) throws -> AddressSpace<BPlusTreeIndex> {
    var space = AddressSpace<BPlusTreeIndex>(profile: profile)
    try space.mmap(
      at: base, length: 8 * page, prot: .read | .write, flags: .private | .anonymous)
    try space.mmap(
      at: base &+ 8 * page, length: 8 * page, prot: .none, flags: .private | .anonymous)
    #expect(space.dataVM == 8)
    space.limits.data = 12 * page
    return space
  }

  private func error(
    _ space: borrowing AddressSpace<BPlusTreeIndex>, at start: Address, pages: UInt64,
    _ prot: Protection, _ flags: MapFlags
  ) -> Errno? {
    space.predictMmap(
      at: start, length: pages * page, prot: prot, flags: flags, hasFile: false)
  }

  @Test func onlyPrivateWritableMemoryCounts() throws {
    let space = try space()
    let free = Address(0x7e00_0000_0000)
    #expect(error(space, at: free, pages: 4, .read | .write, .private | .anonymous) == nil)
    #expect(error(space, at: free, pages: 5, .read | .write, .private | .anonymous) == .noMemory)
    #expect(error(space, at: free, pages: 5, .read | .write, .shared | .anonymous) == nil)
    #expect(error(space, at: free, pages: 5, .read, .private | .anonymous) == nil)
    #expect(error(space, at: free, pages: 5, .none, .private | .anonymous) == nil)
    let stack: MapFlags = .private | .anonymous | .growsDown
    #expect(error(space, at: free, pages: 5, .read | .write, stack) == nil)
  }

  @Test func whatIsReplacedMakesRoom() throws {
    var space = try space()
    let fixed: MapFlags = .private | .anonymous | .fixed
    #expect(error(space, at: base, pages: 8, .read | .write, fixed) == nil)
    // Of whichever kind it is.
    #expect(error(space, at: base &+ 8 * page, pages: 8, .read | .write, fixed) == nil)
    #expect(error(space, at: base &+ 8 * page, pages: 13, .read | .write, fixed) == .noMemory)
    space.limits.data = ResourceLimit.infinity
    space.limits.addressSpace = 18 * page
    #expect(error(space, at: base, pages: 16, .none, fixed) == nil)
    #expect(error(space, at: base, pages: 18, .none, fixed) == nil)
    #expect(error(space, at: base, pages: 19, .none, fixed) == .noMemory)
  }

  @Test func memoryThatBecomesWritableCounts() throws {
    var space = try space()
    let none = base &+ 8 * page
    #expect(space.predictMprotect(none, length: 4 * page, prot: .read | .write) == nil)
    #expect(space.predictMprotect(none, length: 5 * page, prot: .read | .write) == .noMemory)
    #expect(space.predictMprotect(base, length: 8 * page, prot: .write) == nil)
    #expect(throws: Errno.noMemory) {
      try space.mprotect(none, length: 5 * page, prot: .read | .write)
    }
    #expect(space.dataVM == 8)
    try space.mprotect(none, length: 4 * page, prot: .read | .write)
    #expect(space.dataVM == 12)
  }

  @Test func growthCounts() throws {
    var space = try space()
    try space.munmap(base &+ 8 * page, length: 8 * page)
    let flags = RemapFlags(rawValue: 0)
    #expect(
      space.predictMremap(
        base, oldSize: 8 * page, newSize: 12 * page, flags: flags, newAddress: nil) == nil)
    #expect(
      space.predictMremap(
        base, oldSize: 8 * page, newSize: 13 * page, flags: flags, newAddress: nil) == .noMemory)
    let heap = Address(0x5555_0000_0000)
    space.setHeap(start: heap, end: heap)
    #expect(space.brk(heap &+ 5 * page) == heap)
    #expect(space.brk(heap &+ 4 * page) == heap &+ 4 * page)
  }

  @Test func olderKernelsLookAtTheHeapOnly() throws {
    let free = Address(0x7e00_0000_0000)
    for (version, errno) in [
      (KernelVersion(4, 6), nil), (KernelVersion(4, 7), Errno.noMemory),
    ] as [(KernelVersion, Errno?)] {
      let space = try space(KernelProfile(version: version))
      #expect(error(space, at: free, pages: 5, .read | .write, .private | .anonymous) == errno)
    }
  }

  @Test func lockingAllIsPredicted() throws {
    var space = try space()
    space.limits.memLock = 16 * page
    #expect(space.predictMlockall(.current) == nil)
    space.limits.memLock = 15 * page
    #expect(space.predictMlockall(.current) == .noMemory)
    #expect(space.predictMlockall(.future) == nil)
    #expect(space.predictMlockall(.onFault) == .invalidArgument)
  }
}
