import Foundation
import TestSupport
import Testing

/// Segments, and the lines of `/proc/PID/status`.
@Suite struct SegmentStatusTests {
  private static func trace(_ name: String) -> String {
    ProjectFiles.root.appending(path: "Traces/\(name).strace.gz").path
  }

  /// A program that prints its own status, against the model of the same run.
  @Test func statusIsWhatTheKernelPrints() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let file = run.folder.appending(path: "status.strace.gz").path
    let recorded = try await run.run([
      RecordRun.program, "record", "-o", file, "--", "cat", "/proc/self/status",
    ])
    #expect(recorded.status == 0)
    var kernel: [String: Int] = [:]
    for line in recorded.output.split(separator: "\n") where line.hasPrefix("Vm") {
      let words = line.split(whereSeparator: { $0 == ":" || $0.isWhitespace })
      kernel[String(words[0])] = Int(words[1])
    }
    let report = try await ExplainCommandTests.json(["replay", file, "--format", "json"])
    let total = try #require(report["total"] as? [String: Any])
    let model = try #require(total["status_kb"] as? [String: Int])
    for name in ["VmPeak", "VmLck", "VmStk", "VmExe", "VmLib"] {
      #expect(model[name] == kernel[name], "\(name)")
    }
    // Only the buffer that cat printed from is gone at the end.
    let buffer = try #require(kernel["VmSize"]) - model["VmSize"]!
    #expect(buffer >= 0 && kernel["VmData"] == model["VmData"]! + buffer)
  }

  @Test func objectsAreShownByPagesAndByAnonVMA() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let trace = Self.trace("ls")
    let shown = try await run.run([RecordRun.program, "maps", "--objects", trace])
    #expect(shown.status == 0)
    #expect(shown.output.contains("/usr/bin/ls (5 VMAs, the program)\n  pages 0 to 3  "))
    #expect(shown.output.contains("# 21 mapped objects, in 41 VMAs\n"))
    #expect(shown.output.contains("files 44 taken, 3 dropped"))
    for wrong in [["--objects", "--smaps"], ["--page", "ls:0"], ["--objects", "--page", "ls"]] {
      let refused = try await run.run([RecordRun.program, "maps"] + wrong + [trace])
      #expect(refused.status == 64, "\(wrong)")
    }
  }

  /// Right after bash has forked twice.
  @Test func objectsAreThoseOfAllProcesses() async throws {
    let run = try RecordRun()
    let command = [
      RecordRun.program, "maps", "--objects", "--at-line", "492", Self.trace("bash-children"),
    ]
    let shown = try await run.run(command)
    #expect(shown.status == 0)
    #expect(shown.output.hasPrefix("# 3 address spaces: 1745 1753 1754\n# 20 mapped objects"))
    #expect(
      shown.output.contains(
        "/usr/bin/bash (15 VMAs of 3 address spaces, the program of 1745 1753 1754)\n"
          + "  1745     pages 0 to 46 "))
    #expect(shown.output.contains("anon_vma 4 (3 VMAs of 3 address spaces, of 1745)\n"))
    #expect(shown.output.contains("[stack], has anon_vma 24\n"))
    let old = try await run.run(command + ["--kernel", "linux2.6"])
    #expect(old.output.contains("# 10 anon_vmas of 42 VMAs\n"))
    #expect(old.output.contains("# num_exe_file_vmas of 1753: 5\n"))
    let page = try await run.run(command + ["--page", "libc.so.6:40"])
    #expect(page.output.split(separator: "\n").count == 4)
    #expect(page.output.contains("/usr/lib/x86_64-linux-gnu/libc.so.6 page 40: 3 VMAs of 3 "))
    let nobody = try await run.run(command + ["--page", "/no/such/file:40"])
    #expect(nobody.output == "/no/such/file page 40: not mapped\n" && nobody.status == 0)
    let one = try await run.run(command + ["--pid", "1754"])
    #expect(one.output.contains("/usr/bin/bash (5 VMAs, the program)\n"))
  }

  @Test(arguments: ["linux6", "linux2.6"])
  func segmentsAddUpToWhatIsMapped(kernel: String) async throws {
    for name in ["bash-children", "java-hello", "python-mmap", "churn-static"] {
      let report = try await ExplainCommandTests.json([
        "replay", Self.trace(name), "--segments", "--kernel", kernel, "--format", "json",
      ])
      let total = try #require(report["total"] as? [String: Any])
      let segments = try #require(report["segments"] as? [String: Any])
      let all = try #require(segments["total"] as? [String: [String: Int]])
      #expect(all.values.reduce(0) { $0 + $1["vmas"]! } == total["map_count"] as? Int)
      #expect(
        all.values.reduce(0) { $0 + $1["bytes"]! } / 4096 == total["total_vm"] as? Int)
      for segment in ["text", "data", "heap", "stack", "vdso"] {
        #expect(all[segment]?["vmas"] ?? 0 > 0, "\(name): \(segment)")
      }
      let processes = try #require(segments["processes"] as? [[String: Any]])
      #expect(processes.count == (report["processes"] as? [Any])?.count)
    }
  }

  @Test func mapsNamesTheSegmentOfEachLine() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let trace = Self.trace("ls")
    let plain = try await run.run([RecordRun.program, "maps", trace])
    let named = try await run.run([RecordRun.program, "maps", "--segments", trace])
    let lines = named.output.split(separator: "\n")
    let expected = plain.output.split(separator: "\n").map(String.init)
    #expect(lines.map { String($0.dropFirst(16)) } == expected)
    func segment(of text: String) -> Set<String> {
      Set(
        lines.filter { $0.contains(text) }.map {
          $0.prefix(16).trimmingCharacters(in: .whitespaces)
        })
    }
    #expect(segment(of: "/usr/bin/ls") == ["rodata", "text", "data"])
    #expect(segment(of: "[heap]") == ["heap"])
    #expect(segment(of: "[stack]") == ["stack"])
    #expect(segment(of: "[vdso]") == ["vdso"])
    #expect(segment(of: "libc.so.6") == ["library rodata", "library text", "library data"])
    #expect(segment(of: "/usr/lib/locale") == ["mapped file"])
    #expect(lines.filter { $0.hasPrefix("bss ") }.count == 1)
  }
}
