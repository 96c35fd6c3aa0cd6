import Foundation
import TestSupport
import Testing

/// Whatever is given as a trace: a clear message, the right status, nothing lost, never a crash.
@Suite struct BadInputTests {
  static let call = "10001 munmap(0x7f0000000000, 4096) = 0\n"
  static let map =
    "10001 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000\n"

  /// Runs a shell script in which `$v` is the program and `$t` a bundled recording.
  private func shell(_ script: String) async throws -> RecordRun.Outcome {
    let run = try RecordRun()
    defer { run.remove() }
    let trace = ReplayCommandTests.bash
    return try await run.run(
      ["bash", "-c", "v='\(RecordRun.program)'; t='\(trace)'; \(script)"])
  }

  static let commands = ["replay", "maps", "events", "verify"]

  @Test(arguments: commands)
  func missingFilesAndEmptyFolders(command: String) async throws {
    let missing = try await shell("$v \(command) no-such-file")
    #expect(missing.status == 66 && missing.output.isEmpty)
    #expect(missing.error.contains("no-such-file"))
    let folder = try await shell("mkdir d && $v \(command) d")
    #expect(folder.status == 66 && folder.output.isEmpty && folder.error.contains("d:"))
  }

  @Test(arguments: commands)
  func emptyInputIsNoError(command: String) async throws {
    for input in [": > e", "gzip -c < /dev/null > e"] {
      let outcome = try await shell("\(input); $v \(command) e")
      #expect(outcome.status == 0 && outcome.output.isEmpty)
      #expect(outcome.error.contains("empty"))
    }
  }

  @Test(arguments: commands)
  func foreignCompressionIsNamedWithItsRemedy(command: String) async throws {
    let formats = [
      ("zstd", "\\x28\\xb5\\x2f\\xfd"), ("xz", "\\xfd7zXZ\\x00"), ("bzip2", "BZh91AY&SY"),
    ]
    for (name, magic) in formats {
      let outcome = try await shell("printf '\(magic)xxxxxxxxxxxx' > f; $v \(command) f")
      #expect(outcome.status == 65 && outcome.output.isEmpty)
      #expect(outcome.error.contains(name), "\(outcome.error)")
    }
  }

  @Test(arguments: commands)
  func whatIsNoTraceIsSaid(command: String) async throws {
    let binary = try await shell("$v \(command) $v")
    #expect(binary.status == 65 && !binary.error.isEmpty)
    let prose = try await shell("echo 'To be, or not to be' | $v \(command) -")
    #expect(prose.status == 65)
  }

  @Test func aDamagedTraceGivesEverythingBeforeTheDamage() async throws {
    let truncated = try await shell(
      "head -c 9000 $t > f; $v events --format ndjson f | tee out; exit ${PIPESTATUS[0]}")
    #expect(truncated.status == 65)
    #expect(truncated.output.split(separator: "\n").count > 50)
    #expect(truncated.error.contains("f:"))
    let summary = try await shell("head -c 9000 $t > f; $v replay f")
    #expect(summary.status == 65 && summary.output.contains("PID"))
    let corrupt = try await shell(
      "cp $t f; printf 'XXXXXXXX' | dd of=f bs=1 seek=6000 conv=notrunc 2>/dev/null; $v replay f")
    #expect(corrupt.status == 65 && corrupt.error.contains("f:"))
  }

  @Test func malformedLinesAreNamedAndCounted() async throws {
    let log = (0..<9).map { "10001 munmap(0x7f\($0)zz, 4096) = 0\n" }.joined() + Self.map
    let outcome = try await shell("cat > f <<'E'\n\(log)E\n$v replay f")
    #expect(outcome.status == 0)
    #expect(outcome.error.contains("f:1:") && outcome.error.contains("9 malformed lines"))
    #expect(outcome.output.contains("malformed   9 lines left out"))
    let strict = try await shell("cat > f <<'E'\n\(log)E\n$v replay --strict f")
    #expect(strict.status == 65)
  }

  @Test func aLogCutInsideItsLastLineHasThatOneLineMalformed() async throws {
    let outcome = try await shell(
      "printf '%s' '\(Self.map)10001 munmap(0x7f00000' > f; $v replay --format json f")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("\"malformed\": 1"))
    #expect(outcome.output.contains("\"map_count\": 1"))
  }

  @Test func theHighestAddressesAreOnlyNumbers() async throws {
    let log = """
      10001 mmap(0xfffffffffffff000, 18446744073709551615, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|\
      MAP_FIXED, -1, 0) = -1 ENOMEM (Cannot allocate memory)
      10001 munmap(0xfffffffffffff000, 18446744073709547520) = -1 EINVAL (Invalid argument)
      10001 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xfffffffffffff000
      10001 mprotect(0xffffffffffffffff, 1, PROT_NONE) = -1 EINVAL (Invalid argument)
      10001 brk(0xffffffffffffffff) = 0x560000000000
      10001 mremap(0xfffffffffffff000, 4096, 18446744073709551615, MREMAP_MAYMOVE) = \
      -1 EINVAL (Invalid argument)
      10001 madvise(0xfffffffffffff000, 18446744073709551615, MADV_DONTNEED) = \
      -1 EINVAL (Invalid argument)
      10001 mlock(0xffffffffffffff00, 18446744073709551615) = -1 EINVAL (Invalid argument)

      """
    let outcome = try await shell("cat > f <<'E'\n\(log)E\n$v replay f && $v maps f && $v verify f")
    #expect(outcome.status == 0 || outcome.status == 1, "\(outcome.error)")
    #expect(!outcome.error.contains("Fatal"))
  }

  @Test func unknownCallsAreNoErrors() async throws {
    let outcome = try await shell(
      "printf '10001 brand_new_call(1, 2) = 0\\n%s' '\(Self.map)' > f; $v replay f")
    #expect(outcome.status == 0 && outcome.error.isEmpty)
  }
}
