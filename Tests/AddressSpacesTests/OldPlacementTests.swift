import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

/// The search for a free place as 2.6 makes it.
@Suite struct OldPlacementTests {
  private static let fixed: MapFlags = .private | .anonymous | .fixed
  private static let top = Address(0x7000_0000_0000)
  private static let bottom = OldPlacement.unmappedBase

  /// Finds a place for some pages, which should be `expected`, and maps it.
  private func place(
    _ count: Int, at expected: Address?, _ placement: inout OldPlacement,
    _ space: inout TreeSpace, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let found = placement.find(pages(count), in: space)
    let address = try #require(found, sourceLocation: sourceLocation)
    #expect(address == expected ?? address, sourceLocation: sourceLocation)
    let isTaken = space.isMapped(anyOf: AddressRange(address, address &+ pages(count)))
    #expect(!isTaken, sourceLocation: sourceLocation)
    try space.mmap(at: address, length: pages(count), prot: .read, flags: Self.fixed)
  }

  private func unmap(
    _ address: Address, _ count: Int, _ placement: inout OldPlacement, _ space: inout TreeSpace
  ) throws {
    try space.munmap(address, length: pages(count))
    placement.noteUnmapped(AddressRange(address, address &+ pages(count)), in: space)
  }

  @Test func topDown() throws {
    let top = Self.top
    var placement = OldPlacement(.topDown, base: top)
    var space = TreeSpace(profile: .linux2_6)
    try place(4, at: top &- pages(4), &placement, &space)
    try place(4, at: top &- pages(8), &placement, &space)
    try place(4, at: top &- pages(12), &placement, &space)
    // The cache goes up to the upper end of the hole: a piece that fits lies at its top.
    try unmap(top &- pages(8), 4, &placement, &space)
    #expect(placement.freeAreaCache == top &- pages(4))
    try place(1, at: top &- pages(5), &placement, &space)
    // What does not fit goes below all. What is left of the hole is not seen on the way, since the
    // first step down ends in the mapping below it: it is lost.
    try place(5, at: top &- pages(17), &placement, &space)
    #expect(placement.cachedHoleSize == 0)
    try place(3, at: top &- pages(20), &placement, &space)
  }

  /// A hole that a step down ends in is remembered, and makes the search start again.
  @Test func holesThatAreRemembered() throws {
    let top = Self.top
    var placement = OldPlacement(.topDown, base: top)
    var space = TreeSpace(profile: .linux2_6)
    for count in [1, 4, 1] { try place(count, at: nil, &placement, &space) }
    try unmap(top &- pages(5), 4, &placement, &space)
    #expect(placement.freeAreaCache == top &- pages(1))
    try place(5, at: top &- pages(11), &placement, &space)
    #expect(placement.cachedHoleSize == pages(4))
    try place(5, at: top &- pages(16), &placement, &space)
    try place(4, at: top &- pages(5), &placement, &space)
    #expect(placement.cachedHoleSize == pages(3))
  }

  @Test func bottomUp() throws {
    let bottom = Self.bottom
    var placement = OldPlacement(.bottomUp, base: .zero)
    var space = TreeSpace(profile: .linux2_6)
    #expect(bottom == Address(0x2aaa_aaaa_b000))
    try place(4, at: bottom, &placement, &space)
    try place(4, at: bottom &+ pages(4), &placement, &space)
    try place(4, at: bottom &+ pages(8), &placement, &space)
    try unmap(bottom &+ pages(4), 4, &placement, &space)
    #expect(placement.freeAreaCache == bottom &+ pages(4))
    #expect(placement.cachedHoleSize == .max)
    try place(1, at: bottom &+ pages(4), &placement, &space)
    // Three pages are passed over and remembered; what is no larger goes back for them.
    try place(4, at: bottom &+ pages(12), &placement, &space)
    #expect(placement.cachedHoleSize == pages(3))
    try place(4, at: bottom &+ pages(16), &placement, &space)
    try place(3, at: bottom &+ pages(5), &placement, &space)
  }

  @Test func hintsAndLimits() throws {
    var placement = OldPlacement(.topDown, base: Self.top)
    var space = TreeSpace(profile: .linux2_6)
    let hint = column(5) &+ 1
    var found = placement.find(pages(2), hint: hint, in: space)
    #expect(found == column(6))
    try space.mmap(at: column(7), length: pages(1), prot: .read, flags: Self.fixed)
    found = placement.find(pages(2), hint: hint, in: space)
    let highest = Self.top &- pages(2)
    #expect(found == highest)
    found = placement.find(taskSize.rawValue + Page.size, in: space)
    #expect(found == nil)
    found = placement.find(taskSize.rawValue, hint: column(0), in: space)
    #expect(found == nil)
  }

  /// When nothing fits below the base, the search goes upwards once.
  @Test func fullBelowTheBase() throws {
    let base = Self.bottom &+ pages(4)
    var placement = OldPlacement(.topDown, base: base)
    var space = TreeSpace(profile: .linux2_6)
    try space.mmap(
      at: Address(Page.size), length: base &- Address(Page.size), prot: .read, flags: Self.fixed)
    try place(2, at: base, &placement, &space)
    #expect(placement.freeAreaCache == base)
    #expect(placement.cachedHoleSize == .max)
    #expect(placement.forked() == placement)
  }
}
