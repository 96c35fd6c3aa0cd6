import Foundation
import TestSupport
import Testing

/// `explain` on the bundled recordings: what it counts must add up to what there is.
@Suite struct ExplainCommandTests {
  /// All of them in an optimised build; in debug, where every mutation is checked, the small ones.
  static var traces: [URL] {
    get throws {
      #if EXHAUSTIVE
        try ProjectFiles.traces()
      #else
        try ProjectFiles.traces().filter {
          try $0.resourceValues(forKeys: [.fileSizeKey]).fileSize! < 13_000
        }
      #endif
    }
  }

  static func json(_ words: [String]) async throws -> [String: Any] {
    let outcome = try await RecordRun().run([RecordRun.program] + words)
    #expect(outcome.status == 0 && outcome.error == "", "\(words): \(outcome.error)")
    let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return try #require(object as? [String: Any])
  }

  @Test(arguments: try traces) func countsAddUp(trace: URL) async throws {
    let report = try await Self.json(["explain", trace.path, "--format", "json", "--pairs"])
    let mapCount = try #require(report["map_count"] as? Int)
    let runs = try #require(report["runs"] as? Int)
    let byCause = try #require(report["boundaries"] as? [String: Int])
    let pairs = try #require(report["pairs"] as? [[String: Any]])
    #expect(byCause.values.reduce(0, +) == mapCount - runs)
    #expect(report["holes"] as? Int == runs - 1)
    #expect(pairs.count == mapCount - runs)

    let groups = try #require(report["boundary_groups"] as? [[String: Any]])
    var grouped: [String: Int] = [:]
    for group in groups {
      grouped[try #require(group["cause"] as? String), default: 0] += group["count"] as? Int ?? 0
    }
    #expect(grouped == byCause)
    let holes = try #require(report["hole_groups"] as? [[String: Any]])
    #expect(holes.reduce(0) { $0 + ($1["count"] as? Int ?? 0) } == runs - 1)

    let needed: Set = ["special", "prot", "shared", "file", "offset"]
    let missed = try #require(report["missed_merges"] as? [String: Int])
    #expect(missed == byCause.filter { !needed.contains($0.key) })
    let alone = try #require(report["alone"] as? [String: Int])
    for (cause, count) in alone { #expect(count <= byCause[cause, default: 0]) }
    for pair in pairs {
      let differences = pair["differences"] as? [String] ?? []
      #expect(pair["cause"] as? String == differences.first ?? "not_tried")
    }
  }

  @Test(arguments: try traces) func theDefaultMomentIsThePeakOfReplay(trace: URL) async throws {
    let report = try await Self.json(["explain", trace.path, "--format", "json"])
    let replay = try await Self.json(["replay", trace.path, "--format", "json"])
    let total = try #require(replay["total"] as? [String: Any])
    #expect(report["map_count"] as? Int == total["map_count_peak"] as? Int)
    #expect(report["line"] as? Int == total["peak_line"] as? Int)
  }

  @Test func everyGroupingCountsTheSamePairs() async throws {
    let trace = ProjectFiles.root.appending(path: "Traces/ls.strace.gz").path
    for grouping in ["cause", "call", "thread", "size", "file"] {
      let report = try await Self.json(
        ["explain", trace, "--format", "json", "--group-by", grouping])
      let groups = try #require(report["boundary_groups"] as? [[String: Any]])
      let byCause = try #require(report["boundaries"] as? [String: Int])
      #expect(
        groups.reduce(0) { $0 + ($1["count"] as? Int ?? 0) } == byCause.values.reduce(0, +))
      #expect(groups.allSatisfy { $0[grouping] is String })
    }
  }

  @Test func damageBehindThePeakIsTold() async throws {
    let run = try RecordRun()
    let trace = ProjectFiles.root.appending(path: "Traces/python-fork.strace.gz")
    let whole = try Data(contentsOf: trace)
    try whole.dropLast(100).write(to: run.folder.appending(path: "cut.gz"))
    let outcome = try await run.run([RecordRun.program, "explain", "cut.gz"])
    let expected = try await run.run([RecordRun.program, "explain", trace.path])
    #expect(outcome.status == 65 && outcome.error.contains("end in the middle"), "\(outcome.error)")
    #expect(outcome.output == expected.output.replacing(trace.path, with: "cut.gz"))
  }

  @Test func standardInputGivesTheSameAsAFile() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let log = """
      10001 mmap(NULL, 12288, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
      10001 mprotect(0x7f0000001000, 4096, PROT_NONE) = 0
      10001 munmap(0x7f0000000000, 12288) = 0

      """
    try Data(log.utf8).write(to: run.folder.appending(path: "log"))
    let file = try await run.run([RecordRun.program, "explain", "log"])
    let input = try await run.run([RecordRun.program, "explain", "-"], input: log)
    #expect(file.status == 0 && input.status == 0)
    #expect(file.output.dropFirst("log".count) == input.output.dropFirst("-".count))
    #expect(file.output.contains("3 VMAs = 1 + 0 holes + 2 boundaries"))
    #expect(file.output.contains("mprotect(PROT_NONE)  line 2  tid 10001"))
  }

  @Test func aProcessThatIsNotThereIsNoInput() async throws {
    let trace = ProjectFiles.root.appending(path: "Traces/ls.strace.gz").path
    let outcome = try await RecordRun().run(
      [RecordRun.program, "explain", trace, "--pid", "3"])
    #expect(outcome.status == 66 && outcome.output == "")
    #expect(outcome.error.contains("no process 3"))
  }
}
