import AddressSpaces
import Testing

/// The table of what kernels do since when.
@Suite struct KernelProfileTests {
  @Test func everyRuleHasOneRow() {
    let rules = KernelProfile.thresholds.map(\.rule)
    #expect(rules.count == KernelRule.allCases.count)
    #expect(Set(rules) == Set(KernelRule.allCases))
  }

  @Test(arguments: KernelProfile.thresholds)
  func rulesBeginWithTheirVersion(_ row: KernelProfile.Threshold) {
    #expect(KernelProfile(version: row.since).follows(row.rule))
    #expect(KernelProfile.linux6.follows(row.rule))
    var before = row.since
    if before.patch > 0 {
      before.patch -= 1
    } else if before.minor > 0 {
      before.minor -= 1
    } else {
      before = KernelVersion(before.major - 1, .max)
    }
    #expect(!KernelProfile(version: before).follows(row.rule))
  }
}
