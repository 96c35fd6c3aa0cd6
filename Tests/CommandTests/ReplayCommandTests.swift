import Foundation
import TestSupport
import Testing

/// The commands that read traces, as a user runs them.
@Suite struct ReplayCommandTests {
  static let ls = ProjectFiles.root.appending(path: "Traces/ls.strace.gz").path
  static let bash = ProjectFiles.root.appending(path: "Traces/bash-children.strace.gz").path

  private func vmareplay(
    _ words: String..., input: String = ""
  ) async throws -> RecordRun.Outcome {
    let run = try RecordRun()
    defer { run.remove() }
    return try await run.run([RecordRun.program] + words, input: input)
  }

  /// A shell's view of a command line in which `$v` is the program.
  private func shell(_ script: String) async throws -> RecordRun.Outcome {
    let run = try RecordRun()
    defer { run.remove() }
    return try await run.run(["bash", "-c", "v='\(RecordRun.program)'; t='\(Self.ls)'; \(script)"])
  }

  private func json(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test func replayHasTheKeysThatScriptsReadIn() async throws {
    let outcome = try await vmareplay("replay", "--format", "json", Self.bash)
    #expect(outcome.status == 0 && outcome.error.isEmpty)
    let report = try json(outcome.output)
    #expect(report["schema"] as? Int == 1)
    #expect((report["traces"] as? [String]) == [Self.bash])
    let total = try #require(report["total"] as? [String: Any])
    let processes = try #require(report["processes"] as? [[String: Any]])
    #expect(processes.count > 5)
    let keys: Set = [
      "pid", "comm", "events", "failures", "map_count", "map_count_peak", "peak_line", "total_vm",
      "merges", "boundaries", "missed_merges", "refusals", "splits", "mmap_cache", "holes",
      "divergences", "malformed",
    ]
    for summary in processes + [total] {
      #expect(keys.isSubset(of: Set(summary.keys)))
      let merges = try #require(summary["merges"] as? [String: Int])
      #expect(Set(merges.keys) == Set((1...8).map(String.init)))
      let boundaries = try #require(summary["boundaries"] as? [String: Int])
      let holes = try #require(summary["holes"] as? Int)
      if summary["process_count"] == nil {
        let runs = try #require(summary["map_count"] as? Int) - 1 - holes
        #expect(boundaries.values.reduce(0, +) == runs)
      }
    }
  }

  @Test(arguments: ["text", "json"])
  func replaySaysTheSameOnEveryIndexAndFromAPipe(format: String) async throws {
    let outcome = try await shell(
      """
      $v replay --format \(format) - < $t > tree
      gzip -dc $t | $v replay --format \(format) --index list - > list
      sed 's/btree/list/' tree | cmp - list && $v replay --format \(format) - < $t | cmp - tree
      """)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.error)")
  }

  /// Every recording that the walk along a list can replay in debug within a second or two.
  @Test(arguments: ["text", "json"])
  func reportsDoNotDependOnTheIndex(format: String) async throws {
    let outcome = try await shell(
      """
      for trace in $(find "$(dirname $t)" -name '*.strace.gz' -size -40k); do
        for index in list rbtree btree array; do
          $v replay --format \(format) --index $index "$trace" | sed "s/$index/INDEX/" > $index
          cmp list $index || exit
        done
      done
      test -s list
      """)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.error)")
  }

  @Test func mapsPrintsWhatTheKernelPrinted() async throws {
    let outcome = try await shell(
      """
      columns() { cut -c1-47; }
      gzip -dc $t | sed -n '/^# maps [0-9]* exit/,/^# end/p' | sed -n 's/^# \\([0-9a-f]*-.*\\)/\\1/p' \
        | grep -v ': ' | sed 's/ [0-9a-f]*:[0-9a-f]* [0-9]* */ /' > kernel
      $v maps $t | sed 's/ [0-9a-f]*:[0-9a-f]* [0-9]* */ /' > model
      test $(wc -l < model) -gt 20 && diff kernel model
      """)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.error)")
  }

  @Test func mapsFollowsTheLog() async throws {
    let log = """
      10001 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000
      10001 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000002000
      10002 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000004000

      """
    let first = "7f0000000000-7f0000001000 r--p 00000000 00:00 0 \n"
    let second = "7f0000002000-7f0000003000 r--p 00000000 00:00 0 \n"
    let other = "7f0000004000-7f0000005000 ---p 00000000 00:00 0 \n"
    let all = try await vmareplay("maps", "--all", "-", input: log)
    #expect(all.output == "# maps 10001\n\(first)\(second)# maps 10002\n\(other)")
    #expect(try await vmareplay("maps", "--at-line", "1", "-", input: log).output == first)
    #expect(try await vmareplay("maps", "--pid", "10002", "-", input: log).output == other)
    let missing = try await vmareplay("maps", "--pid", "7", "-", input: log)
    #expect(missing.status == 66 && missing.error.contains("no process 7"))
  }

  @Test func eventsAreObjectsALine() async throws {
    let outcome = try await vmareplay("events", "--format", "ndjson", Self.ls)
    #expect(outcome.status == 0)
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count > 40)
    for line in lines {
      let object = try json(String(line))
      #expect(object["line"] is Int && object["pid"] is Int)
      #expect(object["syscall"] is String || object["event"] is String)
    }
    let counts = try await vmareplay("events", "--format", "none", Self.ls)
    #expect(counts.output.contains("lines") && counts.output.contains("mmap"))
  }

  /// The files of `strace -ff` are one trace, as a folder and as the words that a shell makes.
  @Test func filesOfOneTraceAreOneTrace() async throws {
    let call = "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000"
    let outcome = try await shell(
      """
      mkdir d; echo '1.0 \(call)' > d/t.21; echo '2.0 \(call)' > d/t.22
      $v replay --format json d/t.* > words && $v replay --format json d > folder
      diff <(tail -n +5 words) <(tail -n +5 folder) && $v maps --all d/t.* | grep -c '# maps'
      """)
    #expect(outcome.status == 0 && outcome.output == "2\n", "\(outcome.output)\(outcome.error)")
    let two = try await shell("$v maps $t $t.other")
    #expect(two.status == 64 && two.error.contains("one trace is expected"))
  }

  @Test func verifyTellsExactFromInexact() async throws {
    let exact = try await vmareplay("verify", Self.ls)
    #expect(exact.status == 0 && exact.output.contains("1 of 1 snapshot exact"))
    let wrong = try await shell("gzip -dc $t | grep -v 'brk(0x' | $v verify -")
    #expect(wrong.status == 1 && wrong.output.contains("0 of 1 snapshot exact"))
    #expect(wrong.output.contains("\n-"))
  }

  @Test func aClosedPipeIsNoErrorAndAFullDiskIs() async throws {
    let pipe = try await shell("$v events $t | head -1 > /dev/null; echo ${PIPESTATUS[0]}")
    #expect(pipe.output == "0\n" && pipe.error.isEmpty)
    let disk = try await shell("$v events $t > /dev/full")
    #expect(disk.status == 74 && disk.error.contains("standard output"))
  }

  @Test func wrongUseIsSaid() async throws {
    #expect(try await vmareplay("replay").status == 64)
    #expect(try await vmareplay("replay", "--index", "heap", Self.ls).status == 64)
    #expect(try await vmareplay("replay", "--kernel", "windows", Self.ls).status == 64)
    #expect(try await vmareplay("maps", "--all", "--pid", "1", Self.ls).status == 64)
  }
}
