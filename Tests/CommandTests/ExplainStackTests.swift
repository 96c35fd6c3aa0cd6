import Foundation
import TestSupport
import Testing

/// `explain` on a log of `strace -k`: who made each boundary and each hole.
@Suite struct ExplainStackTests {
  private static let log = """
    7 mmap(NULL, 65536, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
     > /usr/lib/libc.so.6(mmap64+0x17) [0x11aa27]
     > /opt/app(main+0x4e) [0x12ad]
    7 mprotect(0x7f0000001000, 4096, PROT_NONE) = 0
     > /usr/lib/libc.so.6(__mprotect+0x7) [0x101b07]
     > /opt/app(guard(a;b)+0x20) [0x11ce]
     > /opt/app(main+0x5e) [0x12bd]
    7 mprotect(0x7f0000003000, 4096, PROT_NONE) = 0
     > /usr/lib/libc.so.6(__mprotect+0x7) [0x101b07]
     > /opt/app(guard(a;b)+0x20) [0x11ce]
     > /opt/app(main+0x6e) [0x12cd]
    7 munmap(0x7f0000008000, 4096) = 0
     > /usr/lib/libc.so.6(__munmap+0x7) [0x101a07]
     > /opt/app(main+0x7e) [0x12dd]
    7 mprotect(0x7f000000a000, 4096, PROT_READ) = 0

    """

  private func run(_ words: [String]) async throws -> (output: String, path: String) {
    let run = try RecordRun()
    defer { run.remove() }
    let path = run.folder.appending(path: "log").path
    try Data(Self.log.utf8).write(to: URL(filePath: path))
    let outcome = try await run.run([RecordRun.program, "explain", path] + words)
    #expect(outcome.status == 0 && outcome.error == "")
    return (outcome.output, path)
  }

  @Test func foldedStacksAddUpToTheVMAs() async throws {
    // AGAGA_ARA: 8 VMAs = 1 + 1 hole + 6 boundaries; what the frames are parted by is replaced.
    let output = try await run(["--format", "folded"]).output
    #expect(
      output == """
        main;guard(a:b);__mprotect 4
        [no stack] 2
        main;__munmap 1

        """)
  }

  @Test func groupsAreByStack() async throws {
    let output = try await run(["--group-by", "stack", "--format", "json"]).output
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
    let groups = try #require(report["boundary_groups"] as? [[String: Any]])
    #expect(groups.map { $0["count"] as? Int } == [4, 2])
    #expect(
      groups.map { $0["stack"] as? String } == [
        "__mprotect < guard(a;b) < main", "no stack in the log",
      ])
    let holes = try #require(report["hole_groups"] as? [[String: Any]])
    #expect(holes.map { $0["stack"] as? String } == ["__munmap < main"])
  }

  @Test func pairsSayWhere() async throws {
    let output = try await run(["--pairs"]).output
    #expect(output.contains("line 4 mprotect(PROT_NONE), tid 7 at __mprotect < guard(a;b) < main"))
    #expect(output.contains("line 1 mmap(PROT_READ|PROT_WRITE), tid 7 at mmap64 < main"))
    let json = try await run(["--pairs", "--format", "json"]).output
    #expect(json.contains("\"guard(a;b)\""))
  }

  @Test func aLogWithoutStacksIsWrongUsage() async throws {
    let trace = ProjectFiles.root.appending(path: "Traces/ls.strace.gz").path
    for words in [["--format", "folded"], ["--group-by", "stack"]] {
      let outcome = try await RecordRun().run([RecordRun.program, "explain", trace] + words)
      #expect(outcome.status == 64 && outcome.output == "")
      #expect(outcome.error.contains("strace -k"))
    }
    let pairs = try await RecordRun().run([RecordRun.program, "explain", trace, "--pairs"])
    #expect(pairs.status == 0 && !pairs.output.contains("stack in the log"))
    for words in [["--failures"], ["--line", "3"], ["--kernel", "6.1,6.18"]] {
      let outcome = try await RecordRun().run(
        [RecordRun.program, "explain", trace, "--format", "folded"] + words)
      #expect(outcome.status == 64)
    }
  }

  @Test func oneFileForEachProcessKeepsItsStacks() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    for (pid, base) in [(7, "7f"), (8, "7e")] {
      let log = """
        1700000000.000001 mmap(NULL, 65536, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x\(base)0000000000
         > /opt/app(map_\(pid)+0x4e) [0x12ad]
        1700000000.000001 mprotect(0x\(base)0000001000, 4096, PROT_NONE) = 0
         > /opt/app(protect_\(pid)+0x4e) [0x12ad]

        """
      try Data(log.utf8).write(to: run.folder.appending(path: "log.\(pid)"))
    }
    for pid in [7, 8] {
      let outcome = try await run.run(
        [RecordRun.program, "explain", "log", "--format", "folded", "--pid", "\(pid)"])
      #expect(outcome.output == "protect_\(pid) 2\n", "\(outcome.error)")
    }
  }
}
