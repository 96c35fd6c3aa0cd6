import Foundation
import TestSupport
import Testing

/// Lists of page faults on the command line, above all for commands that read them more than once.
@Suite struct KnownFaultCommandTests {
  /// Three pages become one VMA, or two if the outer ones were written before the middle one came.
  private static let log = """
    1 1.000000 mmap(0x7f0000001000, 4096, PROT_READ|PROT_WRITE, \
    MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x7f0000001000
    1 2.000000 mmap(0x7f0000003000, 4096, PROT_READ|PROT_WRITE, \
    MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x7f0000003000
    1 3.000000 mmap(0x7f0000002000, 4096, PROT_READ|PROT_WRITE, \
    MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = 0x7f0000002000
    1 4.000000 mprotect(0x7f0000002000, 4096, PROT_NONE) = 0

    """
  private static let faults = "1 1.5 0x7f0000001000 w\n1 2.5 0x7f0000003000 w\n"

  private func shell(_ command: String) async throws -> RecordRun.Outcome {
    let run = try RecordRun()
    for (name, text) in [("log", Self.log), ("list", Self.faults)] {
      try text.write(to: run.folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    return try await run.run(["bash", "-c", command.replacing("VMR", with: RecordRun.program)])
  }

  /// VMAs and missed merges at the end, and failures, before and after.
  private func whatIf(_ rule: String, faults: String) async throws -> [[Int?]] {
    let outcome = try await shell("VMR replay log --what-if \(rule) --format json \(faults)")
    #expect(outcome.status == 0 && outcome.error == "", "\(outcome.error)")
    let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let total = (report as? [String: Any])?["total"] as? [String: [String: Int]]
    return ["before", "after"].map { side in
      ["map_count", "missed_merges", "failures"].map { total?[side]?[$0] }
    }
  }

  @Test func bothReplaysFollowTheList() async throws {
    let list = "--faults list"
    #expect(try await whatIf("drop=mprotect", faults: list) == [[3, 0, 0], [2, 1, 0]])
    #expect(try await whatIf("guard=madvise", faults: list) == [[3, 0, 0], [2, 1, 0]])
    // Nothing is taken to be written that the list does not name.
    let none = "--faults <(:)"
    #expect(try await whatIf("drop=mprotect", faults: none) == [[3, 0, 0], [1, 0, 0]])
    #expect(try await whatIf("ignore=faults", faults: list) == [[3, 0, 0], [3, 0, 0]])
  }

  @Test func aRuleCanMakeTheFaultsOfTheListNothing() async throws {
    // Without the second mapping, which is refused, its fault has nothing to write to.
    #expect(
      try await whatIf("max-map-count=0", faults: "--faults list") == [[3, 0, 0], [1, 0, 3]])
  }

  @Test(arguments: ["list", "<(cat list)", "- < list", "<(gzip < list)"])
  func aListMayComeFromAPipe(list: String) async throws {
    let commands = [
      "replay log --what-if drop=mprotect", "replay log --timeline --format csv",
      "check log --max-missed-merges 0", "diff log --from 1 --to 3", "explain log --pairs",
      "explain log --kernel 6.1,2.6.32",
    ]
    for command in commands {
      let expected = try await shell("VMR \(command) --faults list")
      let outcome = try await shell("VMR \(command) --faults \(list)")
      #expect(outcome == expected, "\(command)")
    }
  }

  @Test(arguments: ["<(cat log)", "- < log"]) func soMayTheTrace(trace: String) async throws {
    let commands = [
      "replay --what-if drop=mprotect", "replay --timeline --format csv",
      "check --max-missed-merges 0", "diff --from 1 --to 3", "explain --pairs",
      "explain --kernel 6.1,2.6.32",
    ]
    let unnamed = "| sed '1d; s/^+++ [^ ]*//'"
    for command in commands {
      let expected = try await shell("VMR \(command) --faults list log \(unnamed)")
      let outcome = try await shell("VMR \(command) --faults list \(trace) \(unnamed)")
      #expect(outcome == expected, "\(command)")
    }
  }

  @Test func standardInputIsOneThing() async throws {
    for command in ["replay", "explain", "explain --kernel 6.1,2.6.32", "check --max-vmas 1"] {
      let outcome = try await shell("VMR \(command) - --faults - < list")
      #expect(outcome.status == 64 && outcome.output == "")
      #expect(outcome.error.contains("standard input cannot be both"))
    }
  }

  @Test func messagesNameWhatWasGiven() async throws {
    let broken = try await shell("{ cat log; echo nonsense; } | VMR diff - --from 1 --to 3")
    #expect(broken.status == 0 && broken.error.contains(" -:5: "), "\(broken.error)")
    let list = try await shell("echo nonsense | VMR check log --max-vmas 9 --faults -")
    #expect(list.error.contains(" -:1: "), "\(list.error)")
  }
}
