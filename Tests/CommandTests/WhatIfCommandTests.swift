import Foundation
import TestSupport
import Testing

/// `replay --what-if` on recordings of one cause each: without the cause its VMAs are gone.
@Suite struct WhatIfCommandTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var trace: String
    var rule: String
    /// VMAs at the peak and missed merges there, before and after.
    var before: [Int]
    var after: [Int]
    /// Calls that fail with the rule; without it, none does.
    var failures = 0
    var testDescription: String { "\(trace) \(rule)" }
  }

  static let cases = [
    Case(trace: "guards", rule: "guard=madvise", before: [222, 2], after: [23, 2]),
    Case(trace: "decommit", rule: "guard=madvise", before: [222, 2], after: [23, 2]),
    Case(
      trace: "nohugepage", rule: "drop=madvise:NOHUGEPAGE", before: [121, 101], after: [23, 2]),
    Case(trace: "slabs", rule: "ignore=policy", before: [102, 82], after: [23, 2]),
    Case(trace: "slabs", rule: "drop=mbind", before: [102, 82], after: [23, 2]),
    Case(trace: "forks", rule: "ignore=faults", before: [83, 61], after: [82, 2]),
    Case(trace: "noreserve", rule: "drop=mmap:NORESERVE", before: [142, 120], after: [24, 2]),
    Case(
      trace: "guards", rule: "max-map-count=150", before: [222, 2], after: [150, 2],
      failures: 36),
  ]

  @Test(arguments: cases) func theCauseIsTakenAway(theCase: Case) async throws {
    let report = try await ExplainCommandTests.json([
      "replay", ExplainIncidentTests.trace(theCase.trace), "--what-if", theCase.rule, "--format",
      "json",
    ])
    let total = try #require(report["total"] as? [String: [String: Int]])
    for (key, expected) in [("before", theCase.before), ("after", theCase.after)] {
      let figures = try #require(total[key])
      #expect(figures["map_count_peak"] == expected[0], "\(key)")
      #expect(figures["missed_merges_at_peak"] == expected[1], "\(key)")
    }
    #expect(total["before"]?["failures"] == 0)
    #expect(total["after"]?["failures"] == theCase.failures)
    #expect(report["rules"] as? [String] == [theCase.rule])
  }

  @Test func withoutTheRuleItIsThePlainReplay() async throws {
    let trace = ExplainIncidentTests.trace("guards")
    let report = try await ExplainCommandTests.json(
      ["replay", trace, "--what-if", "guard=madvise", "--format", "json"])
    let plain = try await ExplainCommandTests.json(["replay", trace, "--format", "json"])
    let before = try #require(
      (report["total"] as? [String: [String: Int]])?["before"])
    let total = try #require(plain["total"] as? [String: Any])
    for key in ["map_count", "map_count_peak", "peak_line"] {
      #expect(before[key] == total[key] as? Int)
    }
    let missed = try #require(total["missed_merges"] as? [String: Int])
    #expect(before["missed_merges"] == missed.values.reduce(0, +))
  }

  @Test func rulesAddUpAndTheTableSaysWhatWasDone() async throws {
    let outcome = try await RecordRun().run([
      RecordRun.program, "replay", ExplainIncidentTests.trace("guards"), "--what-if",
      "guard=madvise", "--what-if", "max-map-count=150",
    ])
    #expect(outcome.status == 0 && outcome.error == "")
    #expect(outcome.output.contains("what if guard=madvise, max-map-count=150"))
    #expect(outcome.output.contains("calls changed: guard pages by madvise 100"))
    #expect(outcome.output.contains("222 -> 23"))
    #expect(!outcome.output.contains("refused"))
  }

  @Test(arguments: [
    ("nonsense", "ignore=faults"), ("drop=nonsense", "madvise"), ("drop=execve", "madvise"),
    ("drop=madvise:NONSENSE", "MADV_NOHUGEPAGE"), ("drop=munmap:FIXED", "it has none"),
    ("drop=", "ignore=faults"), ("guard=mprotect", "guard=madvise"),
    ("max-map-count=-1", "not a number"), ("ignore=", "ignore=names"),
  ])
  func anUnknownRuleIsWrongUsage(rule: String, says: String) async throws {
    let trace = ExplainIncidentTests.trace("guards")
    let outcome = try await RecordRun().run(
      [RecordRun.program, "replay", trace, "--what-if", rule])
    #expect(outcome.status == 64 && outcome.output == "")
    #expect(outcome.error.contains(says), "\(outcome.error)")
  }

  @Test func severalTracesAndTimelinesAreNotCompared() async throws {
    let trace = ExplainIncidentTests.trace("guards")
    for more in [[trace], ["--timeline"]] {
      let outcome = try await RecordRun().run(
        [RecordRun.program, "replay", trace, "--what-if", "ignore=names"] + more)
      #expect(outcome.status == 64)
    }
  }
}
