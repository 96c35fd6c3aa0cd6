import Testing

@testable import AddressSpaces

@Suite struct BoundaryCountsTests {
  /// The counts have a fixed number of places.
  @Test func everyCauseIsCounted() {
    var counts = BoundaryCounts()
    for cause in VMABoundary.Cause.allCases where cause != .notTried {
      counts.add(VMABoundary.Causes(cause))
    }
    counts.add([])
    for cause in VMABoundary.Cause.allCases {
      #expect(counts[cause] == 1 && counts.alone(cause) == 1, "\(cause)")
    }
    #expect(counts.total == VMABoundary.Cause.allCases.count)
  }
}
