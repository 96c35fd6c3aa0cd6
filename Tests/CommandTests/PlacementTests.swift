import Foundation
import TestSupport
import Testing

/// `--placement model` on the bundled recordings.
@Suite struct PlacementCommandTests {
  @Test func addressesOfRecordingsArePredicted() async throws {
    let traces = try ProjectFiles.traces().filter {
      try $0.resourceValues(forKeys: [.fileSizeKey]).fileSize! < 45_000
    }
    var calls = 0
    for trace in traces {
      let report = try await ExplainCommandTests.json(
        ["replay", trace.path, "--format", "json", "--placement", "model"])
      let placement = try #require(report["placement"] as? [String: Any])
      let name = trace.deletingPathExtension().deletingPathExtension().lastPathComponent
      for kind in ["mmap", "hint", "mremap", "shmat"] {
        let count = try #require(placement[kind] as? [String: Int])
        calls += count["calls"]!
        #expect(count["matches"] == count["calls"], "\(name) \(kind)")
      }
    }
    #expect(calls > 1500)
  }

  @Test func verifyListsWhatWasPlacedElsewhere() async throws {
    let trace = ProjectFiles.root.appending(path: "Traces/ls.strace.gz").path
    let run = try RecordRun()
    defer { run.remove() }
    let good = try await run.run([RecordRun.program, "verify", "--placement", "model", trace])
    #expect(good.status == 0)
    #expect(good.output.contains("placement: mmap(NULL) 20 of 20 (100.0 %)"))
    // 2.6 goes on from the last mapping and aligns nothing.
    let old = try await run.run([
      RecordRun.program, "verify", "--placement", "model", "--kernel", "linux2.6", trace,
    ])
    #expect(old.output.contains("placement: mmap(NULL)"))
    let plain = try await run.run([RecordRun.program, "replay", trace])
    #expect(!plain.output.contains("placement"))
  }
}
