import Foundation
import Testing

/// `--sysroot` on recordings from which the maps that execve made have been taken.
@Suite struct SysrootTests {
  private static let source = """
    #include <stdlib.h>
    #include <string.h>
    static char big[300000];
    int data[5000] = {1};
    int main(void) {
      memset(malloc(50000), 1, 50000);
      memset(big, 1, sizeof big);
      data[7] = 2;
      return 0;
    }
    """

  /// What the kernel maps beside the files of a program.
  private static let own = ["[vvar]", "[vvar_vclock]", "[vdso]", "[stack]", "[vsyscall]"]

  /// Range, permissions, offset and name of each line of a map.
  private func fields(_ lines: [String]) -> [String] {
    lines.map { $0.split(separator: " ").map(String.init) }
      .filter { !Self.own.contains($0.last ?? "") }
      .map { ($0.prefix(3) + $0.dropFirst(5)).joined(separator: " ") }
  }

  /// The log without the map that execve made and all that goes with it.
  private func strip(_ recording: Recording) -> String {
    var lines: [String] = []
    var isInside = false
    for line in recording.lines {
      if line.hasPrefix("# maps ") && line.hasSuffix(" exec") { isInside = true }
      if !isInside && !line.hasPrefix("# stat ") && !line.hasPrefix("# limits ") {
        lines.append(line)
      }
      if line == "# end" { isInside = false }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  @Test(
    .enabled(RecordRun.needsTracing, RecordRun.canCompile),
    arguments: [
      [], ["-no-pie", "-fno-pie"], ["-static"], ["-static-pie", "-fPIE"],
      ["-no-pie", "-fno-pie", "-Wl,-z,norelro"],
    ])
  func segmentsAreThoseOfTheKernel(options: [String]) async throws {
    let run = try RecordRun()
    defer { run.remove() }
    try await run.compile(Self.source, as: "program", options: options)
    let recorded = try await run.record([run.folder.appendingPathComponent("program").path])
    try #require(recorded.status == 0, "\(recorded.error)")
    let recording = try await run.recording()
    let kernel = try #require(recording.snapshots("exit").last)
    let log = strip(recording)
    let maps = try await run.run(
      [RecordRun.program, "maps", "--sysroot", "/", "-"], input: log)
    #expect(maps.status == 0 && maps.error.isEmpty, "\(maps.error)")
    #expect(fields(maps.output.split(separator: "\n").map(String.init)) == fields(kernel.mappings))
    let replay = try await run.run(
      [RecordRun.program, "replay", "--sysroot", "/", "-"], input: log)
    #expect(replay.output.contains("placed  ") && replay.output.contains("known  "))
  }

  @Test func whatIsMissingIsSaidAndTheReplayGoesOn() async throws {
    let run = try RecordRun()
    defer { run.remove() }
    let log = """
      1 execve("/bin/none", ["none"], 0x7f /* 3 vars */) = 0
      1 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000

      """
    let outcome = try await run.run(
      [RecordRun.program, "maps", "--sysroot", ".", "-"], input: log)
    #expect(outcome.status == 0)
    #expect(outcome.error == "vmareplay: /bin/none: there is no such file below .\n")
    #expect(outcome.output.split(separator: "\n").count == 1)
    let nowhere = try await run.run(
      [RecordRun.program, "maps", "--sysroot", "nowhere", "-"], input: log)
    #expect(nowhere.status == 66 && nowhere.error == "vmareplay: nowhere: is no folder\n")
  }
}
