import AddressSpaces
import SyscallABI
import Testing

/// Where mappings without an address go since 3.8.
@Suite struct PlacementTests {
  private static let base = Address(0x7fff_f000_0000)
  private static let page = Page.size
  private static let huge: UInt64 = 2 << 20
  private static let rw: VMAFlags = [.read, .write, .mayRead, .mayWrite, .mayExec]

  private func space(
    _ mapped: [(start: UInt64, pages: UInt64)], flags: VMAFlags = rw,
    profile: KernelProfile = .linux6
  ) throws -> AddressSpace<RedBlackTreeIndex> {
    var space = AddressSpace<RedBlackTreeIndex>(profile: profile)
    space.mmapBase = Self.base
    for (start, pages) in mapped {
      let first = Address(start)
      try space.install(AddressRange(first, first &+ pages * Self.page), flags: flags)
    }
    return space
  }

  /// All layouts of ten pages below mmap_base, and all lengths, against a count of free pages.
  @Test(arguments: 0..<1024) func theHighestGapOfAnyLayout(layout: Int) throws {
    let pages = 10
    let lowest = Self.base &- UInt64(pages) * Self.page
    let taken = (0..<pages).filter { layout & (1 << $0) != 0 }
    let space = try space(taken.map { (lowest.rawValue + UInt64($0) * Self.page, 1) })
    for length in 1...pages {
      var expected: Address?
      for first in 0...(pages - length)
      where (first..<first + length).allSatisfy({ layout & (1 << $0) == 0 }) {
        expected = lowest &+ UInt64(first) * Self.page
      }
      // Otherwise below all of them: free pages at the low end count too.
      let free = (0..<pages).prefix { layout & (1 << $0) == 0 }.count
      let below = lowest &- UInt64(max(0, length - free)) * Self.page
      let found = space.getUnmappedArea(PlacementRequest(length: UInt64(length) * Self.page))
      #expect(found == expected ?? below, "layout \(layout), \(length) pages")
    }
  }

  /// Random calls: with a memo that is kept, every place is the one that is found without.
  @Test(arguments: 0..<40) func aMemoChangesNoPlace(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    var space = try space([])
    var memo = PlacementMemo()
    let lowest = Self.base &- 400 * Self.page
    for step in 0..<400 {
      let pages = UInt64.random(in: 1...(seed % 2 == 0 ? 4 : 20), using: &random)
      let somewhere = lowest &+ UInt64.random(in: 0..<380, using: &random) * Self.page
      switch Int.random(in: 0..<(seed % 4 == 3 ? 12 : 10), using: &random) {
      case 0..<7:
        let request = PlacementRequest(length: pages * Self.page)
        let place = try #require(space.getUnmappedArea(request, &memo))
        #expect(place == space.getUnmappedArea(request), "seed \(seed), step \(step)")
        // Alternating access keeps neighbours apart.
        try space.mmap(
          at: place, length: pages * Self.page, prot: step % 2 == 0 ? .read : .read | .write,
          flags: .private | .anonymous | .fixed)
      case 7: try space.munmap(somewhere, length: pages * Self.page)
      case 8:
        try? space.mprotect(somewhere, length: pages * Self.page, prot: .read)
      case 9:
        // What grows down and what is mapped into the gap below it.
        let flags: MapFlags = .private | .anonymous | .fixed
        try space.mmap(
          at: somewhere, length: Self.page, prot: .read,
          flags: pages % 3 == 0 ? flags | .growsDown : flags)
      default:
        let target = somewhere &- 600 * Self.page
        try? space.mremap(
          somewhere, oldSize: Self.page, newSize: Self.page, flags: .mayMove | .fixed,
          newAddress: target, result: target)
      }
    }
    #expect(space.mapCount > 10)
  }

  @Test func aHintIsTakenOrForgotten() throws {
    let space = try space([(0x1000_0000, 4)])
    func place(_ hint: UInt64, pages: UInt64) -> Address? {
      space.getUnmappedArea(
        PlacementRequest(length: pages * Self.page, hint: Address(hint)))
    }
    #expect(place(0x2000_0123, pages: 2) == Address(0x2000_0000))
    #expect(place(0x1000_2000, pages: 1) == Self.base &- Self.page)
    #expect(place(0x0fff_e000, pages: 2) == Address(0x0fff_e000))
    #expect(place(0x0fff_e000, pages: 3) == Self.base &- 3 * Self.page)
    #expect(place(0xfff, pages: 1) == Self.base &- Self.page)
    #expect(place(0x7fff_ffff_e000, pages: 1) == Address(0x7fff_ffff_e000))
    #expect(place(0x7fff_ffff_e000, pages: 2) == Self.base &- 2 * Self.page)
  }

  @Test func whatGrowsDownKeepsAMebibyteFree() throws {
    let stack = Self.base &- 256 * Self.page
    var flags = Self.rw
    flags.insert(.growsDown)
    let space = try space([(stack.rawValue, 256)], flags: flags)
    let one = PlacementRequest(length: Self.page)
    #expect(space.getUnmappedArea(one) == stack &- (256 + 1) * Self.page)
    let hint = PlacementRequest(length: Self.page, hint: stack &- 256 * Self.page)
    #expect(space.getUnmappedArea(hint) == stack &- (256 + 1) * Self.page)
    let older = try self.space(
      [(stack.rawValue, 256)], flags: flags,
      profile: KernelProfile(version: KernelVersion(4, 11)))
    #expect(older.getUnmappedArea(one) == stack &- Self.page)
  }

  @Test func wholeHugePagesAreAligned() throws {
    let top = Self.base &- 3 * Self.page
    let space = try space([(top.rawValue, 3)])
    let two = PlacementRequest(length: 2 * Self.huge)
    let found = space.getUnmappedArea(two) ?? .zero
    #expect(found.rawValue % Self.huge == 0)
    #expect(found == Address((top.rawValue - 2 * Self.huge) & ~(Self.huge - 1)))
    // Not with a hint, nor shared, nor with a page more, which is aligned from 6.7 to 6.11 only.
    for request in [
      PlacementRequest(length: 2 * Self.huge, hint: top),
      PlacementRequest(length: 2 * Self.huge, backing: .sharedMemory),
      PlacementRequest(length: 2 * Self.huge + 1),
    ] {
      let size = (request.length + Page.mask) & ~Page.mask
      #expect(space.getUnmappedArea(request) == top &- size)
    }
    let odd = PlacementRequest(length: 2 * Self.huge + 1)
    for (version, isAligned) in [
      (KernelVersion(6, 6), false), (KernelVersion(6, 7), true), (KernelVersion(6, 12), false),
    ] {
      let other = try self.space(
        [(top.rawValue, 3)], profile: KernelProfile(version: version))
      let place = other.getUnmappedArea(odd) ?? .zero
      #expect((place.rawValue % Self.huge == 0) == isAligned, "\(version)")
    }
  }

  /// Room that ends on a huge page leaves the upper end to the mapping.
  @Test func roomThatIsAlignedAlreadyIsTakenFromTheTop() throws {
    let space = try space([])
    #expect(
      space.getUnmappedArea(PlacementRequest(length: Self.huge)) == Self.base &- Self.huge)
  }

  @Test func filesAreAlignedLikeTheirOffset() throws {
    let top = Self.base &- Self.page
    let space = try space([(top.rawValue, 1)])
    func place(_ length: UInt64, _ offset: UInt64, hint: Address = .zero) -> Address? {
      space.getUnmappedArea(
        PlacementRequest(length: length, hint: hint, backing: .alignedFile, offset: offset))
    }
    // A whole huge page of the file has to be inside.
    #expect(place(Self.huge, 0x1000) == top &- Self.huge)
    let whole = try #require(place(Self.huge + 0x2000, 0))
    #expect(whole.rawValue % Self.huge == 0)
    let later = try #require(place(2 * Self.huge, 0x5000))
    #expect(later.rawValue % Self.huge == 0x5000)
    #expect(later &+ 2 * Self.huge <= top)
    // A hint that has no room for the alignment is lost.
    let hint = top &- (Self.huge + 0x3000)
    #expect(place(Self.huge, 0, hint: hint) != hint)
    let roomy = Address(0x1000_0000_3000)
    #expect(place(Self.huge, 0, hint: roomy) == roomy)
  }

  @Test func withoutRoomBelowTheSearchGoesUp() throws {
    var space = AddressSpace<RedBlackTreeIndex>()
    space.mmapBase = Address(0x10000)
    try space.install(AddressRange(Address(0x1000), Address(0x12000)), flags: Self.rw)
    #expect(
      space.getUnmappedArea(PlacementRequest(length: 3 * Self.page)) == Address(0x12000))
    #expect(space.getUnmappedArea(PlacementRequest(length: 0)) == nil)
    #expect(space.getUnmappedArea(PlacementRequest(length: .max)) == nil)
  }
}
