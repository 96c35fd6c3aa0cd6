import AddressSpaces
import Foundation
import Testing

@testable import Replay
@testable import Reports

@Suite struct BenchmarkReportTests {
  private static func result(
    _ index: IndexKind, _ operation: BenchOperation, _ base: Double
  ) -> BenchResult {
    var result = BenchResult(index: index, operation: operation, vmas: 64)
    result.samples = (0..<12).map { base + Double($0) / 10 }
    result.counts.probes = 350
    result.counts.lookups = 100
    result.counts.bytes = 2048
    result.counts.vmas = 64
    return result
  }

  private static let report = BenchmarkReport(
    environment: [("machine", "A fine one")], settings: [("rounds", "12")],
    groups: [
      BenchmarkReport.Group(
        vmas: 64, isRecorded: true,
        results: [
          result(.list, .find, 100), result(.rbtree, .find, 20), result(.btree, .find, 20.05),
          result(.btree, .merge(.case1), 300),
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
  }

  @Test(arguments: [BenchmarkReport.Format.json, .bmf, .gha])
  func documentsAreJSON(format: BenchmarkReport.Format) throws {
    let object = try JSONSerialization.jsonObject(with: Data(text(format).utf8))
    switch format {
    case .json:
      let report = try #require(object as? [String: Any])
      let layouts = try #require(report["layouts"] as? [[String: Any]])
      let results = try #require(layouts[0]["results"] as? [[String: Any]])
      #expect(results.count == 4)
      #expect(results[1]["ns"] as? Double == 20.55)
      #expect(results[2]["to_rbtree_significant"] as? Bool == false)
      #expect(results[2]["to_list_significant"] as? Bool == true)
      #expect(results[0]["probes_per_lookup"] as? Double == 3.5)
      #expect(results[0]["bytes_per_vma"] as? Double == 32)
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
    #expect(lines.count == 5)
    let columns = lines[0].split(separator: ",").count
    #expect(
      lines.allSatisfy {
        $0.split(separator: ",", omittingEmptySubsequences: false).count == columns
      })
    #expect(lines[2].hasPrefix("find_vma,rbtree,64,20.550,"))
  }

  @Test func goBenchHasALineForEachSample() {
    let lines = text(.gobench).split(separator: "\n")
    #expect(lines.count == 1 + 4 * 12)
    #expect(lines[1] == "Benchmark/op=find_vma/index=list/vmas=64 1 100.000 ns/op")
  }
}
