import Foundation
import TestSupport
import Testing

/// Recordings of a program that raises the number of VMAs for one reason at a time: the reason
/// must come first, with the count that the program's source gives.
@Suite struct ExplainIncidentTests {
  struct Incident: CustomTestStringConvertible, Sendable {
    var name: String
    /// The first cause, what differs, how many pairs have it, and the calls that set it.
    var cause: String
    var difference: String
    var count: Int
    var calls: [String]
    var testDescription: String { name }
  }

  static let incidents = [
    Incident(
      name: "decommit", cause: "prot", difference: "rw- beside ---", count: 199,
      calls: ["mprotect(PROT_NONE)"]),
    Incident(
      name: "guards", cause: "prot", difference: "rw- beside ---", count: 200,
      calls: ["mprotect(PROT_NONE)"]),
    Incident(
      name: "nohugepage", cause: "flags", difference: "nohugepage on one side", count: 99,
      calls: ["madvise(MADV_NOHUGEPAGE)"]),
    Incident(
      name: "opens", cause: "file", difference: "the same file, opened or mapped twice", count: 49,
      calls: ["mmap(PROT_READ)"]),
    Incident(
      name: "slabs", cause: "policy", difference: "NUMA policies differ", count: 80,
      calls: ["mbind"]),
    Incident(
      name: "forks", cause: "anon_vma", difference: "inherited by fork beside other memory",
      count: 59, calls: ["mmap(PROT_READ|PROT_WRITE)"]),
    Incident(
      name: "noreserve", cause: "flags", difference: "account, noreserve on one side", count: 118,
      calls: ["mmap(PROT_READ|PROT_WRITE)", "mmap(PROT_READ|PROT_WRITE, MAP_NORESERVE)"]),
    Incident(
      name: "memfd", cause: "offset", difference: "offsets do not continue", count: 76,
      calls: ["mmap(PROT_READ|PROT_WRITE, MAP_SHARED)"]),
  ]

  static func trace(_ name: String) -> String {
    ProjectFiles.root.appending(path: "Traces/incident-\(name).strace.gz").path
  }

  @Test(arguments: incidents) func theCauseIsNamedWithItsCount(incident: Incident) async throws {
    var words = ["explain", Self.trace(incident.name), "--format", "json"]
    if incident.name == "forks" {
      let replay = try await ExplainCommandTests.json(
        ["replay", Self.trace("forks"), "--format", "json"])
      let processes = try #require(replay["processes"] as? [[String: Any]])
      // The child ends first.
      words += ["--pid", "\(try #require(processes[0]["pid"] as? Int))"]
    }
    let report = try await ExplainCommandTests.json(words)
    let groups = try #require(report["boundary_groups"] as? [[String: Any]]).filter {
      $0["cause"] as? String == incident.cause && $0["difference"] as? String == incident.difference
        && incident.calls.contains($0["call"] as? String ?? "")
    }
    let count = groups.reduce(0) { $0 + ($1["count"] as? Int ?? 0) }
    // One pair more or less at the ends, where the loader put a neighbour of its own.
    #expect(abs(count - incident.count) <= 1, "\(count) of \(incident.count)")
    #expect(Set(groups.compactMap { $0["call"] as? String }) == Set(incident.calls))
  }

  @Test func missedMergesAreNoMatterOfAccess() async throws {
    for (name, alone) in [("nohugepage", "flags"), ("slabs", "policy")] {
      let report = try await ExplainCommandTests.json([
        "explain", Self.trace(name), "--format", "json",
      ])
      let missed = try #require(report["missed_merges"] as? [String: Int])
      let saved = try #require(report["alone"] as? [String: Int])
      #expect(missed[alone] ?? 0 >= 79 && saved[alone] == missed[alone])
    }
  }

  private func refused(_ words: [String], _ key: String) async throws -> [[String: Any]] {
    let report = try await ExplainCommandTests.json(
      ["explain", "--failures", "--format", "json"] + words)
    return try #require(report[key] as? [[String: Any]])
  }

  @Test func theLimitOfTheAddressSpaceIsNamed() async throws {
    let rows = try await refused([Self.trace("rlimit")], "refused")
    #expect(rows.count == 1)
    #expect(rows.first?["reason"] as? String == "RLIMIT_AS")
    #expect(rows.first?["errno"] as? String == "ENOMEM")
    #expect((rows.first?["text"] as? String)?.hasPrefix("RLIMIT_AS 256.0 MiB: ") == true)
  }

  #if EXHAUSTIVE
    @Test func tooManyVMAsAreNamedWithWhatFilledThem() async throws {
      let rows = try await refused([Self.trace("full")], "refused")
      #expect(rows.count == 1 && rows.first?["reason"] as? String == "max_map_count")
      #expect(rows.first?["map_count"] as? Int == 65_531)
      let text = try await RecordRun().run(
        [RecordRun.program, "explain", "--failures", Self.trace("full")])
      #expect(text.output.contains("boundaries: r-- beside ---"))
      #expect(text.output.contains("map_count 65,531 of 65,530: refused above the limit"))
    }
  #endif

  @Test func aLowerLimitRefusesTheFirstSplitAboveIt() async throws {
    // 22 VMAs before the first guard; each guard adds two, so that the count meets the limit even.
    let words = [Self.trace("guards"), "--limit", "max_map_count=100"]
    let rows = try await refused(words, "would_fail")
    let first = try #require(rows.first)
    #expect(
      first["syscall"] as? String == "mprotect" && first["reason"] as? String == "max_map_count")
    let line = try #require(first["first_line"] as? Int)
    for (offset, atMost) in [(-1, true), (0, false)] {
      let outcome = try await RecordRun().run(
        [RecordRun.program, "maps", Self.trace("guards"), "--at-line", "\(line + offset)"])
      let count = outcome.output.split(separator: "\n").count {
        !$0.hasSuffix("[vsyscall]")
      }
      #expect((count <= 100) == atMost, "\(count) after line \(line + offset)")
    }
    #expect(try await refused([Self.trace("guards")], "refused").isEmpty)
  }

  @Test func eachLimitIsAskedForByItself() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let log = """
      1 brk(NULL) = 0x555500000000
      1 brk(0x555500010000) = 0x555500010000
      1 mmap(NULL, 65536, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000100000
      1 mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
      1 mlock(0x7f0000100000, 65536) = 0
      1 mremap(0x7f0000100000, 65536, 131072, 0) = 0x7f0000100000
      1 mlock(0x7f0000110000, 65536) = 0
      1 mprotect(0x7f0000000000, 65536, PROT_READ|PROT_WRITE) = 0
      1 brk(0x555500020000) = 0x555500020000
      1 mlockall(MCL_CURRENT) = 0

      """
    try Data(log.utf8).write(to: run.folder.appending(path: "log"))
    let path = run.folder.appending(path: "log").path
    // 192 KiB are mapped after line 4, 256 after line 6, 320 after line 9.
    for (limit, bytes, reason, lines) in [
      ("--rlimit-as", "196608", "RLIMIT_AS", [6, 9]), ("--rlimit-as", "320K", "", []),
      ("--rlimit-data", "128K", "RLIMIT_DATA", [6, 8, 9]),
      ("--rlimit-data", "192K", "RLIMIT_DATA", [8, 9]), ("--rlimit-data", "1M", "", []),
      ("--rlimit-memlock", "64K", "RLIMIT_MEMLOCK", [6, 7, 10]),
      ("--rlimit-memlock", "128K", "RLIMIT_MEMLOCK", [10]),
    ] as [(String, String, String, [Int])] {
      let rows = try await refused([path, limit, bytes], "would_fail")
      #expect(rows.map { $0["first_line"] as? Int ?? 0 } == lines, "\(limit) \(bytes)")
      #expect(rows.allSatisfy { $0["reason"] as? String == reason }, "\(rows)")
    }
  }

  @Test func aLowerRlimitRefusesTheCallThatPassesIt() async throws {
    let rows = try await refused(
      [Self.trace("decommit"), "--rlimit-as", "10M"], "would_fail")
    #expect(rows.first?["reason"] as? String == "RLIMIT_AS")
    #expect(rows.first?["syscall"] as? String == "mmap")
    let outcome = try await RecordRun().run(
      [RecordRun.program, "explain", Self.trace("decommit"), "--rlimit-as", "10M"])
    #expect(outcome.status == 64)
  }
}
