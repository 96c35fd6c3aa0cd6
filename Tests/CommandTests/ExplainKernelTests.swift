import Foundation
import TestSupport
import Testing

/// `explain --kernel A,B`: which pairs the rules of two kernels treat differently.
@Suite struct ExplainKernelTests {
  private static let log = """
    1 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_STACK, -1, 0) = 0x7f0000002000
    1 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
    1 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7e0000000000

    """

  private func kernels(_ words: [String]) async throws -> [[String: Any]] {
    let report = try await ExplainCommandTests.json(["explain", "--format", "json"] + words)
    return try #require(report["kernels"] as? [[String: Any]])
  }

  @Test func aPairThatOneKernelMergesIsNamedWithItsCause() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let path = run.folder.appending(path: "log").path
    try Data(Self.log.utf8).write(to: URL(filePath: path))
    // MAP_STACK sets VM_NOHUGEPAGE from 6.7 on.
    let sides = try await kernels([path, "--kernel", "6.6,6.7", "--pairs"])
    #expect(sides.map { $0["kernel"] as? String } == ["6.6", "6.7"])
    #expect(sides.map { $0["map_count"] as? Int } == [2, 3])
    #expect(sides.map { $0["holes"] as? Int } == [1, 1])
    #expect(sides.map { $0["apart_only_here"] as? Int } == [0, 1])
    #expect(sides[1]["causes"] as? [String: Int] == ["flags": 1])
    let pairs = try #require(sides[1]["pairs"] as? [[String: Any]])
    #expect(pairs.map { $0["addr"] as? String } == ["0x7f0000002000"])
    // The other way round, and at a line of one's own choice.
    let swapped = try await kernels([path, "--kernel", "linux6,linux2.6", "--at-line", "2"])
    #expect(swapped.map { $0["map_count"] as? Int } == [2, 1])
    #expect(swapped.map { $0["apart_only_here"] as? Int } == [1, 0])
    let text = try await run.run([RecordRun.program, "explain", path, "--kernel", "6.6,6.7"])
    #expect(text.output.contains("two VMAs under 6.7, one under 6.6: 1 pair\n"))
    #expect(text.output.contains("two VMAs under 6.6, one under 6.7: 0 pairs\n"))
  }

  @Test(arguments: try ExplainCommandTests.traces)
  func theDifferenceOfTheCountsIsTheDifferenceOfThePairs(trace: URL) async throws {
    let sides = try await kernels([trace.path, "--kernel", "linux2.6,linux6"])
    func number(_ side: Int, _ key: String) throws -> Int {
      try #require(sides[side][key] as? Int)
    }
    for side in 0...1 {
      let causes = try #require(sides[side]["causes"] as? [String: Int])
      #expect(try causes.values.reduce(0, +) == number(side, "apart_only_here"))
    }
    // V = 1 + holes + boundaries, and boundaries that both have are in both.
    let counts = try number(1, "map_count") - number(0, "map_count")
    let holes = try number(1, "holes") - number(0, "holes")
    let apart = try number(1, "apart_only_here") - number(0, "apart_only_here")
    let unmatched = try number(1, "unmatched") - number(0, "unmatched")
    #expect(counts == holes + apart + unmatched)
  }

  @Test func oneKernelTwiceIsNoDifference() async throws {
    let trace = ProjectFiles.root.appending(path: "Traces/ls.strace.gz").path
    let sides = try await kernels([trace, "--kernel", "6.1,6.1"])
    #expect(sides.allSatisfy { $0["apart_only_here"] as? Int == 0 })
    #expect(sides.allSatisfy { $0["unmatched"] as? Int == 0 })
  }

  @Test func otherCommandsTakeOneKernel() async throws {
    let trace = ProjectFiles.root.appending(path: "Traces/ls.strace.gz").path
    for words in [
      ["replay", trace], ["maps", trace], ["verify", trace], ["check", trace, "--max-vmas", "9"],
      ["explain", trace, "--failures"], ["explain", trace, "--line", "3"],
    ] {
      let outcome = try await RecordRun().run(
        [RecordRun.program] + words + ["--kernel", "6.1,6.18"])
      #expect(outcome.status == 64 && outcome.output == "", "\(words): \(outcome.error)")
    }
    for kernel in ["6.1,", ",6.1", "6.1,6.6,6.18", "6.1,x"] {
      let outcome = try await RecordRun().run(
        [RecordRun.program, "explain", trace, "--kernel", kernel])
      #expect(outcome.status == 64, "\(kernel)")
    }
  }
}
