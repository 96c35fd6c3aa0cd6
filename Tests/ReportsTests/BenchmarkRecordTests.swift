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
    let comparison = slower.compare(with: before, tolerance: 0.05)
    #expect(comparison.regressions.count == 1)
    #expect(comparison.regressions.first?.contains("btree/find_vma/64") == true)
    let opposite = before.compare(with: slower, tolerance: 0.05)
    #expect(opposite.regressions.isEmpty && opposite.improvements.count == 1)
    #expect(slower.compare(with: before, tolerance: 0.25).regressions.isEmpty)
    #expect(before.compare(with: before, tolerance: 0).regressions.isEmpty)
  }

  @Test func countsMustBeEqual() throws {
    let before = try record(calm)
    let comparison = try record(calm, probes: 29).compare(with: before, tolerance: 1)
    #expect(comparison.comparedCounts == 1)
    #expect(comparison.regressions == ["btree/find_vma/64/probes: 29, was 30"])
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
