import SyscallABI
import Testing

@testable import TraceReading

@Suite("Input: compressed, damaged, cut, huge")
struct InputTests {
  static let log = (1...400).map {
    "7     17000000\(10 + $0 % 80).000001 munmap(0x7f\($0)000, 4096) = 0 <0.000001>\n"
  }.joined()

  @Test("gzip of any number of members is read like plain text")
  func members() throws {
    let plain = Decoded(Self.log)
    #expect(plain.events.count == 400)
    let bytes = Array(Self.log.utf8)
    for count in [1, 2, 7] {
      var compressed: [UInt8] = []
      let size = bytes.count / count + 1
      for start in stride(from: 0, to: bytes.count, by: size) {
        compressed += gzip(Array(bytes[start..<min(start + size, bytes.count)]))
      }
      for padding in [[], [0, 0, 0], [UInt8](repeating: 0, count: 5000), [0x41, 0x42], [0x1f]] {
        for piece in [Int.max, 1, 7] {
          let log = Decoded(bytes: compressed + padding, pieceLength: piece)
          #expect(log.error == nil)
          #expect(log.summary == plain.summary)
        }
      }
    }
  }

  @Test("an empty gzip member and an empty file are empty traces")
  func empty() {
    for bytes in [[], gzip([]), gzip([]) + gzip([])] {
      let log = Decoded(bytes: bytes)
      #expect(log.items.isEmpty)
      #expect(log.error == nil)
    }
  }

  @Test("every prefix of a gzip file: what can be read is used, then the damage is reported")
  func truncated() throws {
    let text = Self.log.split(separator: "\n").prefix(30).joined(separator: "\n") + "\n"
    let compressed = gzip(Array(text.utf8))
    let whole = Decoded(text).summary
    for length in 2..<compressed.count {
      let log = Decoded(bytes: Array(compressed[..<length]))
      #expect(log.error?.kind == .damaged)
      #expect(log.malformed.isEmpty)
      #expect(log.summary == Array(whole[..<log.summary.count]))
    }
  }

  @Test("damage in the middle and a wrong checksum")
  func damaged() throws {
    let compressed = gzip(Array(Self.log.utf8))
    var broken = compressed
    broken[compressed.count - 6] ^= 0xff
    let checksum = Decoded(bytes: broken)
    #expect(checksum.error?.kind == .damaged)
    #expect(checksum.events.count == 400)
    broken = compressed + compressed
    broken[compressed.count + 30] ^= 0xff
    let second = Decoded(bytes: broken)
    #expect(second.error?.kind == .damaged)
    #expect(second.events.count >= 400)
    #expect(try #require(second.error?.line) >= 400)
    #expect(try #require(second.error?.byteOffset) > UInt64(compressed.count))
  }

  @Test("a thread of its own for inflating changes neither bytes nor errors")
  func pipelined() {
    let lines = Self.log.split(separator: "\n").prefix(24)
    var sound: [UInt8] = gzip([])
    var trailers: [Int] = []
    for start in stride(from: 0, to: lines.count, by: 8) {
      sound += gzip(Array((lines[start..<start + 8].joined(separator: "\n") + "\n").utf8))
      sound += gzip([])
      trailers.append(sound.count - 20 - 8)
    }
    var damaged: [(bytes: [UInt8], isSound: Bool)] = [
      (sound, true), (sound + [0, 0, 7], true), (sound.dropLast(), false),
      (sound.dropLast(9), false),
    ]
    for trailer in trailers {
      for offset in 0..<8 {
        var bytes = sound
        bytes[trailer + offset] ^= 0x40
        damaged.append((bytes, false))
      }
    }
    for (bytes, isSound) in damaged {
      let plain = Decoded(bytes: bytes)
      #expect((plain.error == nil) == isSound)
      for piece in [1, 5, 64, .max] {
        let log = Decoded(bytes: bytes, pieceLength: piece, isPipelined: true)
        #expect(log.summary == plain.summary)
        #expect(log.error?.kind == plain.error?.kind)
        #expect(log.error?.message == plain.error?.message)
        #expect(log.error?.byteOffset == plain.error?.byteOffset)
      }
    }
  }

  @Test("other compressors are named, with the command that converts")
  func foreign() throws {
    let magics: [(String, [UInt8])] = [
      ("zstd", [0x28, 0xb5, 0x2f, 0xfd]), ("xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
      ("bzip2", Array("BZh9".utf8)),
    ]
    for (name, magic) in magics {
      let error = try #require(Decoded(bytes: magic + [1, 2, 3]).error)
      #expect(error.kind == .foreignCompression(name))
      #expect(error.message.contains("\(name) -dc"))
    }
  }

  @Test("text without a line of strace is no trace")
  func notATrace() throws {
    for text in [
      "hello\nworld\n", "\n\n", "int main(void) {\n  return 0;\n}\n", "\0\0\0", "# comment\n",
    ] {
      let log = Decoded(text)
      #expect(log.error?.kind == .notATrace)
      #expect(log.events.isEmpty)
    }
  }

  @Test("a last line without newline counts if it is complete")
  func lastLine() {
    #expect(Decoded("7     munmap(0x1000, 4096) = 0").events.count == 1)
    #expect(Decoded("7     +++ exited with 0 +++").ends.count == 1)
    #expect(Decoded("brk(NULL) = 0x1000\nread(3, \"abc\", 3) = 3").malformed.isEmpty)
  }

  @Test("every prefix of a log: whole lines, and at most one malformed line at the end")
  func everyPrefix() {
    let text = """
      7     1700000000.000001 munmap(0x1000, 4096) = 0 <0.000011>
      7     1700000000.000002 openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3 <0.000012>
      7     1700000000.000003 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</etc/passwd>, 0) = 0x7f00 <0.000013>
      7     1700000000.000004 madvise(0x1000, 4096, MADV_FREE) = -1 EINVAL (Invalid argument) <0.000014>
      7     1700000000.000005 munmap(0x1000, 4096 <unfinished ...>
      8     1700000000.000006 +++ exited with 0 +++
      7     1700000000.000007 --- SIGCHLD {si_signo=SIGCHLD} ---
      7     1700000000.000008 <... munmap resumed>) = 0 <0.000015>
      7     1700000000.000009 exit_group(0) = ?
      7     1700000000.000010 +++ killed by SIGSEGV (core dumped) +++

      """
    let bytes = Array(text.utf8)
    let whole = Decoded(text)
    #expect(whole.malformed.isEmpty)
    // Only the first call tells that this log has durations: cut in it, it may look whole.
    let first = bytes.firstIndex(of: 10)!
    for length in first...bytes.count {
      let log = Decoded(bytes: Array(bytes[..<length]))
      let isAtLineEnd = bytes[length - 1] == 10 || length < bytes.count && bytes[length] == 10
      let lines = bytes[..<length].split(separator: 10).count
      if isAtLineEnd {
        #expect(log.malformed.isEmpty, "\(length): \(log.malformed)")
      } else {
        #expect(log.malformed.map(\.line) == [UInt64(lines)], "\(length)")
      }
      let completed = log.events.filter { $0.result.outcome != .unfinished }
      let expected = whole.events.filter {
        $0.line < UInt64(lines) || $0.line == UInt64(lines) && isAtLineEnd
      }
      #expect(completed.map(\.line) == expected.map(\.line), "\(length)")
    }
  }

  @Test("bytes that arrive one by one make the same items")
  func pieces() {
    let whole = Decoded(Self.log).summary
    for piece in [1, 3, 64, 1000] {
      #expect(Decoded(Self.log, pieceLength: piece).summary == whole)
    }
  }

  @Test("a line of many megabytes is not kept, and its result is still found")
  func hugeLines() throws {
    let huge = String(repeating: "x", count: 3_000_000)
    let log = Decoded(
      """
      7     write(1, "\(huge)", 3000000) = 3000000
      7     execve("/bin/echo", ["echo", "\(huge)) = 3"], 0x7f /* 3 vars */) = -1 E2BIG (Argument list too long) <0.5>
      7     execve("/bin/echo", ["echo", "\(huge)"], 0x7f /* 3 vars */ <unfinished ...>
      7     <... execve resumed>) = 0
      \(huge)
      7     munmap(0x1000, 4096) = 0

      """)
    #expect(log.events.map(\.line) == [2, 4, 6])
    #expect(log.malformed.map(\.line) == [5])
    #expect(log.events[0].result == .failed(7))
    #expect(log.events[0].duration.nanoseconds == 500_000_000)
    guard case .execve(let path) = log.events[0].call else { return }
    #expect(log.paths.text(of: path) == "/bin/echo")
  }

  @Test("lines around the size of the buffer")
  func bufferEdges() {
    for length in (LineReader.defaultCapacity - 70)...(LineReader.defaultCapacity + 10)
    where length % 7 == 0 {
      let filler = String(repeating: "y", count: length)
      let log = Decoded("write(1, \"\(filler)\", 1) = 1\nbrk(NULL) = 0x1000\n")
      #expect(log.events.map(\.line) == [2])
      #expect(log.malformed.isEmpty)
    }
  }

  @Test("files that are missing, or folders")
  func files() {
    #expect(Decoded(path: "/nonexistent/file").error?.kind == .missing)
    #expect(Decoded(path: "/proc/self/fdinfo").error?.kind == .missing)
    #expect(Decoded(path: "/dev/null").error == nil)
  }
}
