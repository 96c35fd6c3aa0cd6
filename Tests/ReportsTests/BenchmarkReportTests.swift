import AddressSpaces
import Foundation
import Testing

@testable import Replay
@testable import Reports

@Suite struct BenchmarkReportTests {
  private static func result(
    _ index: IndexKind, _ operation: BenchOperation, _ base: Double, vmas: Int = 64
  ) -> BenchResult {
    var result = BenchResult(index: index, operation: operation, vmas: vmas)
    result.samples = (0..<12).map { base + Double($0) / 10 }
    result.p99 = base + 7
    result.counts.probes = 350
    result.counts.operations = 100
    result.counts.bytes = 2048
    result.counts.vmas = 64
    if operation == .insert { result.counts.rotations = 58 }
    return result
  }

  private static let report = BenchmarkReport(
    environment: [("machine", "A fine one")], settings: [("rounds", "12")],
    groups: [
      BenchmarkReport.Group(
        vmas: 64, isRecorded: true,
        results: [
          result(.list, .find, 100), result(.rbtree, .find, 20), result(.btree, .find, 20.05),
          result(.btree, .merge(.case1), 300), result(.rbtree, .insert, 40),
        ])
    ])

  private func text(_ format: BenchmarkReport.Format) -> String {
    var out = OutputBuffer()
    Self.report.append(to: &out, format: format)
    return String(decoding: out.bytes, as: UTF8.self)
  }

  @Test func textNamesRatiosAndWhatIsNoDifference() {
    let text = text(.text)
    #expect(text.contains("machine: A fine one\n"))
    #expect(text.contains("64 VMAs, the peak of the trace\n"))
    let lines = text.split(separator: "\n")
    let btree = lines.first { $0.contains(" btree ") && $0.contains(" 20.6 ") }
    #expect(btree?.contains("0.20") == true, "\(text)")
    #expect(btree?.contains("~1.00") == true, "\(text)")
    #expect(lines.contains { $0.hasPrefix("merge_case_1") })
    #expect(btree?.contains(" 27.1 ") == true, "p99: \(text)")
    #expect(lines.contains { $0.hasPrefix("insert") && $0.contains(" 0.58") }, "\(text)")
  }

  private func growth(list: [Double], rbtree: [Double]) -> String {
    let sizes = [8, 64, 1024]
    var report = Self.report
    report.groups = sizes.indices.map { size in
      BenchmarkReport.Group(
        vmas: sizes[size], isRecorded: false,
        results: [
          Self.result(.list, .find, list[size], vmas: sizes[size]),
          Self.result(.rbtree, .find, rbtree[size], vmas: sizes[size]),
        ])
    }
    var out = OutputBuffer()
    report.append(to: &out, format: .text)
    return String(decoding: out.bytes, as: UTF8.self)
  }

  @Test func listAndTreeCross() {
    let usual = growth(list: [10, 40, 400], rbtree: [12, 20, 40])
    #expect(
      usual.contains(
        "list and rbtree, find_vma: they cross between 8 VMAs (x 1.19) and 64 (x 0.51)"),
      "\(usual)")
    // Two columns for a doubling: 10, 40 and 400 are 0, 1.9 and 5.2 doublings of the least.
    #expect(usual.contains("\n         8 | *\n"), "\(usual)")
    #expect(usual.contains("\n        64 |  r l\n"), "\(usual)")
    #expect(usual.contains("\n     1,024 |    r      l\n"), "\(usual)")
    #expect(
      growth(list: [10, 40, 400], rbtree: [5, 20, 40])
        .contains("the tree is faster from 8 VMAs, the fewest, on"))
    #expect(
      growth(list: [10, 20, 30], rbtree: [12, 22, 40])
        .contains("the tree is not faster up to 1,024 VMAs, the most"))
  }

  @Test(arguments: [BenchmarkReport.Format.text, .json, .csv])
  func countsWithoutTimes(format: BenchmarkReport.Format) throws {
    var result = Self.result(.rbtree, .insert, 1)
    result.samples = []
    var report = Self.report
    report.groups = [.init(vmas: 64, isRecorded: true, results: [result])]
    var out = OutputBuffer()
    report.append(to: &out, format: format)
    let text = String(decoding: out.bytes, as: UTF8.self)
    switch format {
    case .json:
      let object = try JSONSerialization.jsonObject(with: Data(out.bytes)) as? [String: Any]
      let counts = try #require(object?["counts"] as? [String: Int])
      #expect(counts["rbtree/insert/64/rotations"] == 58)
    case .csv: #expect(text.contains("\ninsert,rbtree,64,rotations,58\n"))
    default: #expect(text.contains(/insert +rbtree +100 +350 +58/), "\(text)")
    }
  }

  @Test(arguments: [BenchmarkReport.Format.json, .bmf, .gha])
  func documentsAreJSON(format: BenchmarkReport.Format) throws {
    let object = try JSONSerialization.jsonObject(with: Data(text(format).utf8))
    switch format {
    case .json:
      let report = try #require(object as? [String: Any])
      let layouts = try #require(report["layouts"] as? [[String: Any]])
      let results = try #require(layouts[0]["results"] as? [[String: Any]])
      #expect(results.count == 5)
      #expect(results[1]["ns"] as? Double == 20.55)
      #expect(results[2]["to_rbtree_significant"] as? Bool == false)
      #expect(results[2]["to_list_significant"] as? Bool == true)
      #expect(results[0]["probes_per_lookup"] as? Double == 3.5)
      #expect(results[0]["bytes_per_vma"] as? Double == 32)
      #expect(results[0]["ns_p99"] as? Double == 107)
      #expect(results[4]["rotations_per_operation"] as? Double == 0.58)
      #expect((results[4]["counts"] as? [String: Int])?["rotations"] == 58)
    case .bmf:
      let report = try #require(object as? [String: [String: [String: Double]]])
      #expect(report["rbtree/find_vma/64"]?["latency"]?["value"] == 20.55)
    default:
      let report = try #require(object as? [[String: Any]])
      #expect(report[3]["name"] as? String == "btree/merge_case_1/64")
      #expect(report[3]["unit"] as? String == "ns/op")
    }
  }

  @Test func csvHasARowForEachResult() {
    let lines = text(.csv).split(separator: "\n")
    #expect(lines.count == 6)
    let columns = lines[0].split(separator: ",").count
    #expect(
      lines.allSatisfy {
        $0.split(separator: ",", omittingEmptySubsequences: false).count == columns
      })
    #expect(lines[2].hasPrefix("find_vma,rbtree,64,20.550,"))
  }

  @Test func goBenchHasALineForEachSample() {
    let lines = text(.gobench).split(separator: "\n")
    #expect(lines.count == 1 + 5 * 12)
    #expect(lines[1] == "Benchmark/op=find_vma/index=list/vmas=64 1 100.000 ns/op")
  }
}
