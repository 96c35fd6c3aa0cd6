import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

/// Which error mremap gives in 2.6, where it is not that of newer kernels.
@Suite struct OldRemapTests {
  private func error(
    _ profile: KernelProfile, from: Int, _ count: Int, newCount: Int, _ flags: RemapFlags
  ) throws -> Errno? {
    var space = AddressSpace<RedBlackTreeIndex>(profile: profile)
    try space.mmap(
      at: column(0), length: pages(2), prot: .read | .write,
      flags: .private | .anonymous | .fixed)
    let predicted = space.predictMremap(
      column(from), oldSize: pages(count), newSize: pages(newCount), flags: flags)
    var thrown: Errno?
    do throws(Errno) {
      try space.mremap(
        column(from), oldSize: pages(count), newSize: pages(newCount), flags: flags,
        result: column(newCount > count ? 20 : from))
    } catch {
      thrown = error
    }
    #expect(predicted == thrown)
    return thrown
  }

  /// 2.6 only unmaps the tail, and never looks whether there is a VMA.
  @Test func whatShrinksInPlaceIsNotLookedFor() throws {
    for (count, newCount) in [(2, 1), (2, 2)] {
      #expect(try error(.linux2_6, from: 5, count, newCount: newCount, .none) == nil)
      #expect(try error(.linux6, from: 5, count, newCount: newCount, .none) == .badAddress)
    }
    #expect(try error(.linux2_6, from: 5, 1, newCount: 2, .mayMove) == .badAddress)
  }

  /// An old size of 0 copied private memory too, without its pages.
  @Test func privateMemoryIsCopied() throws {
    #expect(try error(.linux2_6, from: 0, 0, newCount: 2, .mayMove) == nil)
    #expect(try error(.linux6, from: 0, 0, newCount: 2, .mayMove) == .invalidArgument)
  }
}
