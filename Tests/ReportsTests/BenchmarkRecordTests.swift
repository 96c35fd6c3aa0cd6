import Foundation
import Replay
import Testing

@testable import Reports

@Suite struct BenchmarkRecordTests {
  private func record(_ times: [Double], probes: UInt64 = 30) throws -> BenchmarkRecord {
    let digits = times.map { String($0) }.joined(separator: " ")
    return try #require(
      BenchmarkRecord(
        text: """
          vmareplay-bench 1
          env machine A fine one
          count btree/find_vma/64/probes \(probes)
          time btree/find_vma/64 \(digits)
          """))
  }

  private let calm: [Double] = [20, 20.1, 20.2, 20.3, 20.1, 20.2, 20, 20.4, 20.1, 20.2]

  @Test func whatIsWrittenIsRead() throws {
    let record = try record(calm)
    var out = OutputBuffer()
    record.append(to: &out)
    let again = try #require(BenchmarkRecord(text: String(decoding: out.bytes, as: UTF8.self)))
    #expect(again.environment == ["machine": "A fine one"])
    #expect(again.counts == record.counts)
    #expect(again.times == record.times)
  }

  @Test(arguments: ["", "vmareplay-bench 2\n", "vmareplay-bench 1\ntime x 1 y\n", "{}"])
  func otherTextIsNoRecord(text: String) {
    #expect(BenchmarkRecord(text: text) == nil)
  }

  @Test func slowerIsARegressionAndFasterIsNot() throws {
    let before = try record(calm)
    let slower = try record(calm.map { $0 * 1.2 })
    let comparison = slower.compare(with: before, .init(tolerance: 0.05))
    #expect(comparison.regressions.count == 1)
    #expect(comparison.regressions.first?.contains("btree/find_vma/64") == true)
    let opposite = before.compare(with: slower, .init(tolerance: 0.05))
    #expect(opposite.regressions.isEmpty && opposite.improvements.count == 1)
    #expect(slower.compare(with: before, .init(tolerance: 0.25)).regressions.isEmpty)
    #expect(before.compare(with: before, .init(tolerance: 0)).regressions.isEmpty)
  }

  @Test func countsMustBeEqual() throws {
    let before = try record(calm)
    let comparison = try record(calm, probes: 29).compare(with: before, .init(tolerance: 1))
    #expect(comparison.comparedCounts == 1)
    #expect(comparison.regressions == ["btree/find_vma/64/probes: 29, was 30"])
  }

  /// Against another build it is no regression to look at fewer nodes, but one to find other things.
  @Test func otherBuildsMayCostLess() throws {
    var (before, after) = (try record(calm), try record(calm, probes: 29))
    let rules = BenchmarkComparison.Rules(tolerance: 1, countsMustBeEqual: false)
    #expect(after.compare(with: before, rules).improvements.count == 1)
    #expect(after.compare(with: before, rules).regressions.isEmpty)
    #expect(before.compare(with: after, rules).regressions.count == 1)
    before.counts = ["btree/find_vma/64/answer": 30]
    after.counts = ["btree/find_vma/64/answer": 29]
    #expect(after.compare(with: before, rules).regressions.count == 1)
  }

  @Test func whatOnlyOneRunHasIsCounted() throws {
    var after = try record(calm)
    after.counts = ["btree/find_vma/128/probes": 1]
    let comparison = after.compare(with: try record(calm), .init(tolerance: 0))
    #expect(comparison.comparedCounts == 0 && comparison.rows.count == 1)
    #expect(
      comparison.unmatched == ["btree/find_vma/128/probes", "btree/find_vma/64/probes"])
    after.times = [:]
    #expect(after.compare(with: try record(calm), .init(tolerance: 0)).isEmpty)
  }

  /// Each run of a build counts once, as its median.
  @Test func runsAreAddedByTheirMedians() throws {
    var runs = BenchmarkRecord()
    runs.add(run: try record([1, 2, 9]))
    runs.add(run: try record([4, 5, 6, 7]))
    #expect(runs.times == ["btree/find_vma/64": [2, 5.5]])
    #expect(runs.counts == ["btree/find_vma/64/probes": 30])
    #expect(runs.environment == ["machine": "A fine one"])
  }

  @Test func countsAloneNameNoMachine() throws {
    var record = try record(calm)
    record.environment["trace"] = "ls"
    record.keepCountsOnly()
    #expect(record.environment == ["trace": "ls"] && record.times.isEmpty)
    #expect(record.counts.count == 1)
  }

  @Test func comparisonsAsTableAndJSON() throws {
    let slower = try record(calm.map { $0 * 1.2 })
    let comparison = slower.compare(with: try record(calm), .init(tolerance: 0.05))
    var out = OutputBuffer()
    comparison.appendTable(to: &out)
    let table = String(decoding: out.bytes, as: UTF8.self)
    #expect(table.contains(/btree\/find_vma\/64 +24\.2 +20\.2 +1\.20/), "\(table)")
    out.removeAll()
    comparison.appendJSON(to: &out, settings: [("turns", "10")])
    let object = try JSONSerialization.jsonObject(with: Data(out.bytes)) as? [String: Any]
    #expect((object?["regressions"] as? [String])?.count == 1)
    let rows = try #require(object?["times"] as? [[String: Any]])
    #expect(rows[0]["ratio"] as? Double == 1.2 && rows[0]["significant"] as? Bool == true)
  }

  @Test func otherMachinesAreNamed() throws {
    var here = try record(calm)
    here.environment["machine"] = "Another"
    let differences = here.differences(from: try record(calm))
    #expect(differences == ["machine: A fine one, here Another"])
  }

  @Test func decimals() {
    #expect(Figures.decimal(0, 1) == "0.0")
    #expect(Figures.decimal(1.05, 3) == "1.050")
    #expect(Figures.decimal(-0.25, 2) == "-0.25")
    #expect(Figures.decimal(12.96, 1) == "13.0")
    #expect(Figures.decimal(7, 0) == "7")
  }
}
