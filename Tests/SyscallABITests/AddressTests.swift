import SyscallABI
import Testing

@Suite struct AddressTests {
  @Test func roundingStaysInsideSixtyFourBits() {
    #expect(Address(0x1fff).roundedDownToPage == Address(0x1000))
    #expect(Address(0x1001).roundedUpToPage == Address(0x2000))
    #expect(Address(.max).roundedUpToPage == .zero)
    #expect(Page.align(.max) == nil)
    #expect(Page.align(0) == 0)
    #expect(Page.align(1) == 4096)
  }

  @Test func rangesAreHalfOpen() {
    let range = AddressRange(Address(0x1000), Address(0x3000))
    #expect(range.contains(Address(0x1000)) && !range.contains(Address(0x3000)))
    #expect(!range.overlaps(AddressRange(Address(0x3000), Address(0x4000))))
    #expect(
      range.intersection(AddressRange(Address(0x2000), Address(0x9000)))
        == AddressRange(Address(0x2000), Address(0x3000)))
    #expect(range.lengthInPages == 2)
    #expect("\(range)" == "1000-3000")
  }

  @Test func pathsAreInternedOnceWithTheirMark() {
    let paths = PathTable()
    let live = paths.intern("/tmp/x")
    #expect(paths.intern("/tmp/x") == live)
    #expect(paths.intern("/tmp/x", isDeleted: true) != live)
    #expect(paths.intern("") != .none)
    #expect(paths.text(of: live) == "/tmp/x" && !paths.isDeleted(live))
  }
}
