import Foundation
import TestSupport
import Testing

/// `compare` on logs that can be counted by hand, and on the recordings of several allocators.
@Suite struct ExplainCompareTests {
  private func run(_ logs: [String: String], _ words: [String]) async throws -> RecordRun.Outcome {
    let run = try RecordRun()
    defer { run.remove() }
    for (name, log) in logs { try Data(log.utf8).write(to: run.folder.appending(path: name)) }
    return try await run.run([RecordRun.program, "compare"] + words)
  }

  private func figures(_ outcome: RecordRun.Outcome) throws -> [String: [Int]] {
    let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return try #require((object as? [String: Any])?["figures"] as? [String: [Int]])
  }

  /// One page for 3 s, two VMAs for 1 s.
  static let first = """
    10001 10.000000 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, \
    -1, 0) = 0x7f0000000000 <0.000010>
    10001 13.000000 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, \
    -1, 0) = 0x7f0000008000 <0.000030>
    10001 14.000000 munmap(0x7f0000008000, 4096) = 0 <0.000005>

    """

  /// The same first call elsewhere, then another.
  static let second = """
    10001 10.000000 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, \
    -1, 0) = 0x7e0000000000 <0.000010>
    10001 11.000000 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, \
    -1, 0) = 0x7e0000008000 <0.000010>

    """

  @Test func figuresAreExact() async throws {
    let outcome = try await run(
      ["a": Self.first, "b": Self.second], ["a", "b", "--format", "json"])
    #expect(outcome.status == 0 && outcome.error == "")
    let figures = try figures(outcome)
    #expect(figures["map_count_peak"] == [2, 2])
    #expect(figures["map_count_end"] == [1, 2])
    #expect(figures["map_count_mean"] == [125, 100])
    #expect(figures["bytes_mapped"] == [8192, 12288])
    #expect(figures["bytes_unmapped"] == [4096, 0])
    #expect(figures["calls.mmap"] == [2, 2] && figures["calls.munmap"] == [1, 0])
    #expect(figures["time"] == [45_000, 20_000])
    #expect(figures["time_per_call.mmap"] == [20_000, 10_000])
    #expect(figures["largest_hole"] == [0, 28_672])
  }

  @Test func theFirstCallThatDiffersIsNamed() async throws {
    let outcome = try await run(["a": Self.first, "b": Self.second], ["a", "b"])
    #expect(
      outcome.output.contains(
        "a and b part ways after 1 call: line 2 mmap against line 2 mmap "
          + "(other arguments or result)."))
    let same = try await run(["a": Self.first], ["a", "a", "--label", "x,y"])
    #expect(same.output.contains("x and y make the same calls, as far as compared (3 calls"))
  }

  @Test func labelsMustFitTheTraces() async throws {
    #expect(try await run(["a": Self.first], ["a", "a", "--label", "x"]).status == 64)
    #expect(try await run(["a": Self.first], ["a"]).status == 64)
  }

  @Test func csvHasARowForEachFigure() async throws {
    let outcome = try await run(
      ["a": Self.first, "b": Self.second], ["a", "b", "--label", #"x,"y""#, "--format", "csv"])
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.first == #"figure,x,"""y""""#)
    #expect(lines.contains("map_count_mean,125,100"))
  }

  @Test func allocatorsOfOneProgramAreSetSideBySide() async throws {
    let names = ["glibc", "jemalloc", "tcmalloc", "mimalloc"]
    let traces = names.map {
      ProjectFiles.root.appending(path: "Traces/python-churn-\($0).strace.gz").path
    }
    let outcome = try await RecordRun().run(
      [RecordRun.program, "compare", "--format", "json"] + traces)
    let figures = try figures(outcome)
    #expect(outcome.status == 0)
    for (index, trace) in traces.enumerated() {
      let replay = try await ExplainCommandTests.json(["replay", trace, "--format", "json"])
      let total = try #require(replay["total"] as? [String: Any])
      #expect(figures["map_count_peak"]?[index] == total["map_count_peak"] as? Int)
      #expect(figures["splits"]?[index] == total["splits"] as? Int)
    }
    // Only glibc lives on brk.
    let brk = try #require(figures["calls.brk"])
    #expect(brk[0] > 4 * brk[1] && brk[0] > 4 * brk[2] && brk[0] > 4 * brk[3])
  }
}
