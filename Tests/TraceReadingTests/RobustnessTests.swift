import SyscallABI
import Testing

@testable import TraceReading

/// A small generator whose whole run follows from one number.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

@Suite("Input that nobody wrote")
struct RobustnessTests {
  /// Lines of all kinds.
  static let corpus: String = {
    let calls = callRows.enumerated().map { index, row in
      "\(100 + index % 3)   1700000000.00\(1000 + index) \(row.line) <0.00001>\n"
    }
    let halves = """
      100   1700000000.000001 munmap(0x1000, 4096 <unfinished ...>
      101   1700000000.000002 execve("/bin/ls", ["ls"], 0x7f /* 3 vars */ <unfinished ...>
      102   12:00:00.1 (+     0.000001) [  11] [00007f0000000000] <... munmap resumed>) = 0
      101   1700000000.000003 <... execve resumed>) = 0 (DELAYED) <0.05>
      100   1700000000.000003 <... munmap resumed>) = 0 <0.000001>
      [pid 5] munmap(0x1000, 4096strace: Process 6 attached
      ) = 0
      102   +++ killed by SIGSEGV (core dumped) +++
      102   +++ superseded by execve in pid 101 +++
      mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, 3</tmp/q) = 0x1 \\0740.1\\76>(deleted), 0x1000) = 0x7f00

      """
    return calls.joined() + halves + SnapshotTests.log
  }()

  @Test("random changes to a log never crash, hang or lose a line's place", arguments: 0..<8)
  func mutations(_ part: UInt64) {
    let seed = 20_240_229 &* 8 &+ part
    var random = SeededGenerator(state: seed)
    let corpus = Array(Self.corpus.utf8)
    for _ in 0..<10 {
      var bytes = corpus
      for _ in 0..<Int.random(in: 1...40, using: &random) {
        let index = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: index)
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
        case 3:
          let characters = Array("<>(){}[]\",\\/* =\n-0x|".utf8)
          bytes[index] = characters.randomElement(using: &random)!
        default:
          let end = min(index + Int.random(in: 1...30, using: &random), bytes.count)
          bytes.insert(contentsOf: bytes[index..<end], at: 0)
        }
      }
      let log = Decoded(bytes: bytes, isSummarised: false)
      let lines = bytes.split(separator: 10, omittingEmptySubsequences: false).count
      #expect(log.error == nil, "seed \(seed)")
      #expect(log.events.allSatisfy { $0.line >= 1 && $0.line <= lines }, "seed \(seed)")
      #expect(log.malformed.allSatisfy { $0.line >= 1 && $0.line <= lines }, "seed \(seed)")
      let pieces = Decoded(
        bytes: bytes, pieceLength: 97, itemsPerBatch: 3, isSummarised: false)
      #expect(pieces.events.count == log.events.count, "seed \(seed)")
      #expect(pieces.malformed == log.malformed, "seed \(seed)")
    }
  }

  @Test("random bytes, plain and behind a gzip header")
  func noise() {
    var random = SeededGenerator(state: 77)
    for length in [1, 10, 1000, 50_000] {
      for _ in 0..<5 {
        let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(Decoded(bytes: bytes).events.isEmpty)
        let zipped = Decoded(bytes: [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + bytes)
        #expect(zipped.error != nil)
      }
    }
  }

  @Test("random changes to a gzip file are errors, not crashes")
  func gzipMutations() {
    var random = SeededGenerator(state: 5)
    let compressed = gzip(Array(InputTests.log.utf8))
    for _ in 0..<60 {
      var bytes = compressed
      let index = Int.random(in: 2..<bytes.count, using: &random)
      bytes[index] ^= UInt8.random(in: 1...255, using: &random)
      let log = Decoded(bytes: bytes, isSummarised: false)
      // Ten bytes of the header may change without harm.
      #expect(log.error != nil || index < 10, "byte \(index)")
    }
  }

  @Test("every prefix of lines of all kinds")
  func prefixes() {
    let bytes = Array(Self.corpus.utf8)
    let whole = Decoded(bytes: bytes)
    for length in stride(from: 200, to: bytes.count, by: 11) {
      let log = Decoded(bytes: Array(bytes[..<length]), isSummarised: false)
      #expect(log.malformed.count <= whole.malformed.count + 2, "\(length)")
      #expect(log.error == nil, "\(length)")
    }
  }

  @Test("the short way and the general way read the same", arguments: 0..<4)
  func plainAgainstGeneral(_ part: UInt64) {
    var random = SeededGenerator(state: 1000 + part)
    for _ in 0..<100 {
      let line = Self.randomLine(&random)
      let plain = Decoded("7     1700000000.000001 \(line)\n")
      // A name before the first argument is not in the short way's style.
      let parenthesis = line.firstIndex(of: "(")!
      let named =
        line[...parenthesis] + "addr=" + line[line.index(after: parenthesis)...]
      let general = Decoded("7     1700000000.000001 \(named)\n")
      #expect(plain.summary == general.summary, "\(line)")
      #expect(plain.malformed.isEmpty, "\(line)")
    }
  }

  /// A line of one of the five common calls with random arguments, in strace's style.
  static func randomLine(_ random: inout SeededGenerator) -> String {
    func number() -> UInt64 { random.next() >> UInt64.random(in: 0...63, using: &random) }
    func address() -> String {
      let value = number()
      return value == 0 ? "NULL" : "0x" + String(value, radix: 16)
    }
    func word(_ names: [String]) -> String {
      let chosen = names.filter { _ in Bool.random(using: &random) }
      return chosen.isEmpty ? names[0] : chosen.joined(separator: "|")
    }
    let prot = word(["PROT_READ", "PROT_WRITE", "PROT_EXEC", "PROT_GROWSDOWN"])
    let flags = word(MapFlags.bitNames.map { "\($0.name)" } + ["0x400000", "21<<MAP_HUGE_SHIFT"])
    let type = ["MAP_PRIVATE", "MAP_SHARED", "MAP_SHARED_VALIDATE", "0x4 /* MAP_??? */"]
      .randomElement(using: &random)!
    let descriptor = ["-1", "3", "3</tmp/a, b>", "4</dev/zero<char 1:5>>", "5</x>(deleted)"]
      .randomElement(using: &random)!
    let advice = ["MADV_FREE", "MADV_POPULATE_WRITE", "0x66 /* MADV_??? */"]
      .randomElement(using: &random)!
    let call =
      [
        "mmap(\(address()), \(number()), \(prot), \(type)|\(flags), \(descriptor), \(address()))",
        "munmap(\(address()), \(number()))", "mprotect(\(address()), \(number()), \(prot))",
        "madvise(\(address()), \(number()), \(advice))", "brk(\(address()))",
      ].randomElement(using: &random)!
    let result = ["0", address(), "-1 ENOMEM (Cannot allocate memory)", "?", "\(number())"]
      .randomElement(using: &random)!
    let ending = ["", " <0.000042>", " <12.5>", " (INJECTED)", " (DELAYED) <0.05>"]
      .randomElement(using: &random)!
    if Int.random(in: 0..<8, using: &random) == 0 { return call.dropLast() + " <unfinished ...>" }
    return call + " = " + (result == "NULL" ? "0" : result) + ending
  }

  @Test("inflating and decoding on other threads changes nothing")
  func pipelined() {
    let bytes = gzip(Array(unmappings(15_000).utf8))
    let plain = Decoded(bytes: bytes)
    let pipelined = Decoded(bytes: bytes, isPipelined: true)
    #expect(plain.events.count == 15_000)
    #expect(pipelined.summary == plain.summary)
    for length in [20, 100, bytes.count / 2, bytes.count - 3] {
      let cut = Decoded(bytes: Array(bytes[..<length]))
      let cutPipelined = Decoded(bytes: Array(bytes[..<length]), isPipelined: true)
      #expect(cutPipelined.summary == cut.summary)
      #expect(cutPipelined.error == cut.error)
    }
  }

  @Test("decoding ahead delivers the same batches, and the same position behind each")
  func ahead() throws {
    let bytes = Array(("no line of strace\n" + unmappings(2000)).utf8)
    func batches(decodesAhead: Bool) throws -> [[UInt64]] {
      let reader = try TraceReader(
        source: MemorySource(bytes, pieceLength: 1000), name: "log", paths: PathTable(),
        options: .init(isPipelined: false, decodesAhead: decodesAhead, itemsPerBatch: 37))
      var batch = TraceBatch()
      var found: [[UInt64]] = []
      while try reader.nextBatch(into: &batch) {
        found.append([
          UInt64(batch.items.count), UInt64(batch.malformed.count), reader.linesRead,
          reader.bytesRead, reader.compressedBytesRead,
        ])
      }
      #expect(batch.items.isEmpty)
      #expect(try !reader.nextBatch(into: &batch))
      found.append([reader.linesRead, reader.bytesRead])
      return found
    }
    let here = try batches(decodesAhead: false)
    #expect(here.count > 50)
    #expect(try batches(decodesAhead: true) == here)
  }

  @Test("a reader that is given up does not wait for its thread")
  func abandoned() throws {
    let bytes = gzip([UInt8](repeating: 10, count: 20_000_000))
    for _ in 0..<20 {
      let reader = try TraceReader(
        source: MemorySource(bytes), name: "log", paths: PathTable(),
        options: .init(isPipelined: true, decodesAhead: true))
      var batch = TraceBatch()
      _ = try reader.nextBatch(into: &batch)
      #expect(reader.linesRead > 0)
    }
  }
}
