import Foundation
import TestSupport
import Testing

/// `replay --timeline`: few points, but none of what matters is lost in them.
@Suite struct ExplainTimelineTests {
  static let trace = ProjectFiles.root.appending(path: "Traces/churn-threads-glibc.strace.gz").path

  @Test(arguments: [2, 3, 17, 500, 5000]) func pointsAreBounded(points: Int) async throws {
    let report = try await ExplainCommandTests.json([
      "replay", "--timeline", Self.trace, "--format", "json", "--points", "\(points)",
    ])
    let rows = try #require(report["points"] as? [[String: Any]])
    #expect(rows.count <= points && !rows.isEmpty)
    let explain = try await ExplainCommandTests.json(["explain", Self.trace, "--format", "json"])
    #expect(report["map_count_peak"] as? Int == explain["map_count"] as? Int)
    #expect(report["peak_line"] as? Int == explain["line"] as? Int)
    var last = 0
    for row in rows {
      func value(_ key: String) -> Int { row[key] as? Int ?? -1 }
      #expect(value("line") > last)
      last = value("line")
      #expect(value("map_count_peak") >= value("map_count"))
      let parts = ["heap", "stack", "file", "anonymous"].reduce(0) { $0 + value($1) }
      #expect(parts == value("mapped"))
    }
  }

  @Test func formatsHaveTheSameRows() async throws {
    let words = ["replay", "--timeline", Self.trace, "--points", "20", "--format"]
    let csv = try await RecordRun().run([RecordRun.program] + words + ["csv"])
    let ndjson = try await RecordRun().run([RecordRun.program] + words + ["ndjson"])
    let rows = csv.output.split(separator: "\n")
    #expect(rows.first?.hasPrefix("line,time,map_count_peak,peak_line,map_count,") == true)
    #expect(rows.count - 1 == ndjson.output.split(separator: "\n").count)
    let first = try #require(ndjson.output.split(separator: "\n").first)
    let object = try JSONSerialization.jsonObject(with: Data(first.utf8)) as? [String: Any]
    #expect(rows[1].hasPrefix("\(object?["line"] as? Int ?? -1),"))
  }

  @Test func theChartIsAsWideAsATerminal() async throws {
    let outcome = try await RecordRun().run(
      [RecordRun.program, "replay", "--timeline", Self.trace])
    #expect(outcome.status == 0)
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
    #expect(outcome.output.contains(/peak      \d+ VMAs at line [\d,]+\n/))
    #expect(outcome.output.contains("█"))
  }

  @Test func rowsWithoutTimelineAreAUsageError() async throws {
    for words in [
      ["replay", Self.trace, "--format", "csv"], ["replay", "--timeline", "--points", "1", "-"],
      ["replay", "--timeline", Self.trace, Self.trace],
    ] {
      #expect(try await RecordRun().run([RecordRun.program] + words).status == 64)
    }
  }
}
