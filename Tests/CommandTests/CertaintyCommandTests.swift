import Foundation
import TestSupport
import Testing

/// `replay --certainty` and `maps --uncertain`, as a user runs them.
@Suite struct CertaintyCommandTests {
  /// Written or not, the first page may keep VM_ACCOUNT and stand alone.
  static let log = """
    mmap(0x10000000, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x10000000
    mprotect(0x10000000, 4096, PROT_READ) = 0
    mmap(0x10001000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x10001000
    mprotect(0x10001000, 4096, PROT_NONE) = 0
    munmap(0x10000000, 4096) = 0

    """

  private func vmareplay(_ words: String...) async throws -> RecordRun.Outcome {
    let run = try RecordRun()
    defer { run.remove() }
    return try await run.run([RecordRun.program] + words, input: Self.log)
  }

  private func json(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test func replayGivesTheInterval() async throws {
    let outcome = try await vmareplay("replay", "--certainty", "--format", "json", "-")
    #expect(outcome.status == 0)
    let report = try json(outcome.output)
    let processes = try #require(report["processes"] as? [[String: Any]])
    let total = try #require(report["total"] as? [String: Any])
    for summary in processes + [total] {
      #expect(summary["map_count_min"] as? Int == 1)
      #expect(summary["map_count_max"] as? Int == 1)
      // One or two VMAs after the third call, but two in every run after the fourth.
      #expect(summary["map_count_peak_min"] as? Int == 2)
      #expect(summary["map_count_peak_max"] as? Int == 2)
      #expect(summary["maybe_boundaries"] as? Int == 0)
      #expect(summary["map_count"] as? Int == 1)
    }
    let text = try await vmareplay("replay", "--certainty", "-")
    #expect(text.output.contains("BOUNDARIES"))
    #expect(text.output.contains("1 of 1 process listed have one possible number"))
  }

  @Test func replayWithoutItSaysNothingOfIt() async throws {
    let outcome = try await vmareplay("replay", "--format", "json", "-")
    #expect(!outcome.output.contains("map_count_min"))
    #expect(!(try await vmareplay("replay", "-")).output.contains("BOUNDARIES"))
  }

  @Test func mapsMarksEveryBorder() async throws {
    let outcome = try await vmareplay("maps", "--uncertain", "--at-line", "3", "-")
    #expect(outcome.status == 0)
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasPrefix("10000000-10001000 r--p 00000000 00:00 0"))
    #expect(lines[0].hasSuffix("# certain"))
    #expect(lines[1].hasPrefix("10001000-10002000 r--p 00000000 00:00 0"))
    #expect(lines[1].hasSuffix("# maybe: account"))
    #expect(lines[2] == "# 1 to 2 VMAs: 1 border that may or may not be")
  }

  @Test func mapsGivesJSON() async throws {
    let outcome = try await vmareplay(
      "maps", "--uncertain", "--format", "json", "--at-line", "3", "-")
    let report = try json(outcome.output)
    #expect(report["schema"] as? Int == 1)
    let process = try #require((report["processes"] as? [[String: Any]])?.first)
    #expect(process["map_count_min"] as? Int == 1)
    #expect(process["map_count_max"] as? Int == 2)
    let lines = try #require(process["lines"] as? [[String: Any]])
    #expect(lines.map { $0["boundary"] as? String } == ["present", "maybe"])
    #expect(lines[1]["cause"] as? String == "account")
    #expect(lines[1]["start"] as? String == "0x10001000")
    #expect(lines[1]["permissions"] as? String == "r--p")
  }

  @Test func whatDoesNotGoTogetherIsSaid() async throws {
    // Wrong usage is said before anything is read: what is written to it would break the pipe.
    for words in [
      ["maps", "--format", "json", "-"], ["maps", "--smaps", "--uncertain", "-"],
      ["replay", "--timeline", "--certainty", "-"],
    ] {
      let run = try RecordRun()
      defer { run.remove() }
      #expect(try await run.run([RecordRun.program] + words, input: "").status == 64)
    }
    #expect(try await vmareplay("maps", "--uncertain", "--pid", "9", "-").status == 66)
  }
}
