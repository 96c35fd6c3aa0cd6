import Foundation
import Subprocess
import TestSupport
import Testing

/// bench as a user meets it. The times themselves need an unchecked build, which tests are not.
@Suite struct BenchCommandTests {
  static let ls = ProjectFiles.root.appending(path: "Traces/ls.strace.gz").path

  private func bench(_ words: String...) async throws -> RecordRun.Outcome {
    let run = try RecordRun()
    defer { run.remove() }
    return try await run.run([RecordRun.program, "bench"] + words)
  }

  @Test func aCheckedBuildIsRefusedWithTheRemedy() async throws {
    let outcome = try await bench(Self.ls)
    #expect(outcome.status == 64 && outcome.output.isEmpty)
    #expect(outcome.error.contains("swift build -c release"))
  }

  @Test(arguments: [
    ["--rounds", "9"], ["--vmas", "8,x"], ["--vmas", "0"], ["--indexes", "tree"],
    ["--max-regression", "-1"], ["--lookups", "cold"], ["--format", "xml"],
    ["--counts-only", "--format", "gha"], ["--baseline-binary", "x", "--save", "y"],
    ["--baseline-binary", "x", "--format", "csv"], ["-", "--baseline-binary", "x"],
    ["--counts-only", "--save", "x", "\(ProjectFiles.root.path)/Traces/perl-words.strace.gz"],
  ])
  func wrongOptionsAreUsageErrors(words: [String]) async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let outcome = try await run.run([RecordRun.program, "bench", Self.ls] + words)
    #expect(outcome.status == 64, "\(words): \(outcome.error)")
  }
}

/// What needs no clock, and so no unchecked build: counts, and what is done with them.
@Suite struct BenchCountsTests {
  private static let ls = BenchCommandTests.ls

  private static func count(
    _ run: RecordRun, _ words: String..., environment: Environment = .inherit
  ) async throws -> RecordRun.Outcome {
    try await run.run(
      [RecordRun.program, "bench", ls, "--counts-only", "--indexes", "rbtree,list"] + words,
      environment: environment)
  }

  private static func edit(_ file: URL, _ change: (String) -> String) throws {
    let text = change(try String(contentsOf: file, encoding: .utf8))
    try text.write(to: file, atomically: true, encoding: .utf8)
  }

  @Test func countsAreExactAndNameNoMachine() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let text = try await Self.count(run, "--vmas", "8")
    #expect(text.status == 0 && text.error.isEmpty, "\(text.error)")
    #expect(text.output.hasPrefix("trace: ls.strace.gz\n"))
    #expect(!text.output.contains("machine") && !text.output.contains("build"))
    #expect(text.output.contains("\n8 VMAs, drawn from the trace\n"))
    #expect(text.output.contains(/\nfind_vma_trace\+cache +list +\d/))
    #expect(try await Self.count(run, "--vmas", "8") == text)
    let csv = try await Self.count(run, "--format", "csv")
    #expect(csv.output.contains(/\ninsert,rbtree,\d+,rotations,\d+\n/))
    #expect(!csv.output.contains(/list,\d+,rotations/))
  }

  @Test func equalCountsPassAndOthersAreNamed() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let file = run.folder.appending(path: "old.bench")
    #expect(try await Self.count(run, "--save", "old.bench").status == 0)
    let same = try await Self.count(run, "--against", "old.bench")
    #expect(same.status == 0 && same.output.hasSuffix("times: 0 regressions\n"), "\(same)")

    try Self.edit(file) { text in
      text.replacing(/(\/rotations) (\d+)/, maxReplacements: 1) { "\($0.1) 1\($0.2)" }
    }
    let other = try await Self.count(run, "--against", "old.bench")
    #expect(other.status == 1)
    #expect(other.output.contains(/\nworse   rbtree\/\w+\/\d+\/rotations: \d+, was 1\d+\n/))
    let json = try await Self.count(run, "--against", "old.bench", "--format", "json")
    #expect(json.status == 1 && json.error.contains("/rotations: "))
    #expect(throws: Never.self) {
      try JSONSerialization.jsonObject(with: Data(json.output.utf8))
    }
  }

  @Test func anotherTraceIsRefusedUnlessForced() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    #expect(try await Self.count(run, "--save", "./old").status == 0)
    try Self.edit(run.folder.appending(path: "old")) { text in
      text.replacing(/env trace-hash \w+/, with: "env trace-hash 12")
        .replacing("env kernel", with: "env kernel 1.0\nenv kernel")
    }
    let refused = try await Self.count(run, "--against", "./old")
    #expect(refused.status == 64 && refused.output.isEmpty)
    #expect(refused.error.contains("trace-hash: 12, here ") && refused.error.contains("--force"))
    #expect(try await Self.count(run, "--against", "./old", "--force").status == 0)
    // Other indexes and no common figure.
    let none = try await run.run([
      RecordRun.program, "bench", Self.ls, "--counts-only", "--indexes", "btree", "--against",
      "./old", "--force",
    ])
    #expect(none.status == 64 && none.error.contains("no figure in common"))
  }

  @Test func namesAreKeptInTheCacheFolder() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let cache = run.folder.appending(path: "a/cache")
    let environment = Environment.inherit.updating(["XDG_CACHE_HOME": cache.path])
    let saved = try await Self.count(run, "--save", "before", environment: environment)
    #expect(saved.status == 0, "\(saved.error)")
    let file = cache.appending(path: "vmareplay/bench/before.bench").path
    #expect(FileManager.default.fileExists(atPath: file))
    let found = try await Self.count(run, "--against", "before", environment: environment)
    #expect(found.status == 0)
    let missing = try await Self.count(run, "--against", "after", environment: environment)
    #expect(missing.status == 66 && missing.error.contains("after.bench"))
  }

  /// This build against itself, and against a program that changes what this build says.
  @Test func anotherBuildIsRunAndCompared() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let same = try await Self.count(run, "--baseline-binary", RecordRun.program)
    #expect(same.status == 0 && same.output.hasSuffix("times: 0 regressions\n"), "\(same)")
    #expect(same.output.contains("\nturns: 1\n"))

    func script(_ expression: String) throws {
      let text = """
        #!/bin/sh
        '\(RecordRun.program)' "$@" || exit
        for file; do :; done
        sed -i '\(expression)' "$file"
        """
      let file = run.folder.appending(path: "older")
      try text.write(to: file, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: file.path)
    }
    try script("s|^\\(count rbtree/find_vma/.*/probes\\) .*|\\1 1|")
    let worse = try await Self.count(run, "--baseline-binary", "older")
    #expect(worse.status == 1, "\(worse)")
    #expect(worse.output.contains(/\nworse   rbtree\/find_vma\/\d+\/probes: \d+, was 1\n/))
    try script("s|^\\(count rbtree/find_vma/.*/probes\\) |\\1 9|")
    let better = try await Self.count(run, "--baseline-binary", "older", "--format", "json")
    #expect(better.status == 0 && better.output.contains("/probes: "), "\(better)")
    try script("s|trace-hash .*|trace-hash 1|")
    #expect(try await Self.count(run, "--baseline-binary", "older").status == 64)
  }

  @Test func aBuildThatFailsOrIsMissingIsSaid() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let failing = try await Self.count(run, "--baseline-binary", "/bin/false")
    #expect(failing.status == 66 && failing.error.contains("'/bin/false bench "))
    // It ends well, but writes no results.
    let silent = try await Self.count(run, "--baseline-binary", "/bin/true")
    #expect(silent.status == 66 && silent.error.contains("no such file"))
    let missing = try await Self.count(run, "--baseline-binary", "./none")
    #expect(missing.status == 66 && missing.error.contains("cannot run './none'"))
  }

  /// The counts that are committed: whoever changes one says so by committing it anew.
  @Test func countsAreThoseCommitted() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let root = ProjectFiles.root
    let file = root.appending(path: "Benchmarks/Baselines/churn-glibc.bench").path
    let outcome = try await run.run([
      RecordRun.program, "bench", root.appending(path: "Traces/churn-glibc.strace.gz").path,
      "--vmas", "64,256", "--counts-only", "--against", file,
    ])
    #expect(
      outcome.status == 0,
      "make bench-counts writes them anew: \(outcome.error)\(outcome.output.suffix(2000))")
    #expect(outcome.output.contains(/compared [\d,]{3,} exact counts/), "\(outcome.output)")
    #expect(!outcome.output.contains("in one run only"))
  }
}
