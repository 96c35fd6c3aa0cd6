import Foundation
import TestSupport
import Testing

/// `check` and `diff` on a log that is small enough to count by hand.
@Suite struct ExplainCheckTests {
  /// 3, 1 and 5 VMAs; two missed merges at the peak.
  static let log = """
    # host max_map_count=6
    10001 mmap(NULL, 12288, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
    10001 mprotect(0x7f0000001000, 4096, PROT_NONE) = 0
    10001 mprotect(0x7f0000001000, 4096, PROT_READ) = 0
    10001 madvise(0x7f0000001000, 4096, MADV_NOHUGEPAGE) = 0
    10001 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000003000
    10001 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000008000
    10001 munmap(0x7f0000000000, 40960) = 0

    """

  private func run(_ words: String..., log: String = Self.log) async throws -> RecordRun.Outcome {
    let run = try RecordRun()
    defer { run.remove() }
    try Data(log.utf8).write(to: run.folder.appending(path: "log"))
    return try await run.run([RecordRun.program] + words)
  }

  @Test func theFirstLineAboveABudgetIsNamed() async throws {
    let outcome = try await run("check", "log", "--max-vmas", "2")
    #expect(outcome.status == 1)
    #expect(outcome.output == "log: above max-vmas: 5 of 2, broken at line 3\n")
  }

  @Test func budgetsThatAreKeptGiveZero() async throws {
    let outcome = try await run(
      "check", "log", "--max-vmas", "5", "--max-missed-merges", "2", "--max-mapped", "20K")
    #expect(outcome.status == 0, "\(outcome)")
    #expect(outcome.output.split(separator: "\n").count == 3)
    #expect(outcome.output.contains("within max-missed-merges: 2 of 2, at line 7"))
  }

  @Test(arguments: [("--max-missed-merges", "1"), ("--max-mapped", "16K")])
  func aBudgetOneTooSmallIsBroken(option: String, value: String) async throws {
    let outcome = try await run("check", "log", option, value)
    #expect(outcome.status == 1 && outcome.output.contains("broken at line 7"), "\(outcome)")
  }

  @Test func headroomIsAShareOfTheRecordedLimit() async throws {
    // 16 % of 6 is 0.96, so that 5 VMAs may be; 17 % is more than one.
    #expect(try await run("check", "log", "--headroom", "16%").status == 0)
    #expect(try await run("check", "log", "--headroom", "17%").status == 1)
    // Two may be, and three there are first on line 3.
    let first = try await run("check", "log", "--headroom", "60%")
    #expect(
      first.output == "log: above headroom: 5 of 2 (60 % of max_map_count 6 to stay free), "
        + "broken at line 3\n")
    let usual = Self.log.replacing("max_map_count=6", with: "max_map_count=65530")
    #expect(
      try await run("check", "log", "--headroom", "20%", log: usual).output
        == "log: within headroom: 5 of 52,424 (20 % of max_map_count 65,530 to stay free), "
        + "at line 7\n")
    let silent = Self.log.replacing("# host max_map_count=6", with: "# host kernel=6.18")
    let outcome = try await run("check", "log", "--headroom", "1%", log: silent)
    #expect(outcome.status == 65 && outcome.error.contains("max_map_count"))
  }

  @Test func aTraceKeepsToItselfAsBaseline() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    try Data(Self.log.utf8).write(to: run.folder.appending(path: "log"))
    let lines = Self.log.split(separator: "\n").dropLast(2).joined(separator: "\n") + "\n"
    try Data(lines.utf8).write(to: run.folder.appending(path: "shorter"))
    for name in ["log", "shorter"] {
      let figures = try await run.run([RecordRun.program, "check", name, "--format", "json"])
      try Data(figures.output.utf8).write(to: run.folder.appending(path: "\(name).json"))
    }
    let check = [RecordRun.program, "check", "log", "--baseline"]
    #expect(try await run.run(check + ["log.json"]).status == 0)
    let worse = try await run.run(check + ["shorter.json"])
    #expect(worse.status == 1)
    #expect(worse.output.contains("above baseline map_count_peak: 5 of 4 (shorter.json)"))
    let foreign = try await run.run(check + ["log"])
    #expect(foreign.status == 65 && foreign.error.contains("not a baseline"))
  }

  @Test func nothingToCheckIsAUsageError() async throws {
    #expect(try await run("check", "log").status == 64)
  }

  @Test func diffPrintsLinesOfMaps() async throws {
    let outcome = try await run("diff", "log", "--from", "2", "--to", "3")
    #expect(
      outcome.output == """
        --- log line 2: 1 VMA
        +++ log line 3: 3 VMAs
        -7f0000000000-7f0000003000 r--p 00000000 00:00 0 \n\
        +7f0000000000-7f0000001000 r--p 00000000 00:00 0 \n\
        +7f0000001000-7f0000002000 ---p 00000000 00:00 0 \n\
        +7f0000002000-7f0000003000 r--p 00000000 00:00 0 \n
        """)
    #expect(outcome.status == 0)
  }

  @Test func diffSeesHiddenFlagsOnlyIfAsked() async throws {
    let log = """
      10001 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
      10001 madvise(0x7f0000000000, 4096, MADV_NOHUGEPAGE) = 0

      """
    let plain = try await run("diff", "log", "--from", "1", "--to", "2", log: log)
    #expect(plain.output.split(separator: "\n").count == 2)
    let flags = try await run("diff", "log", "--from", "1", "--to", "2", "--smaps", log: log)
    #expect(flags.output.contains("-VmFlags: rd mr mw me \n"))
    #expect(flags.output.contains("+VmFlags: rd mr mw me nh \n"))
  }
}
