import SyscallABI
import Testing

@testable import TraceReading

/// On two processors, the thread that reads ahead and its caller share inflating and decoding.
@Suite struct SharedDecodingTests {
  private static var options: TraceReader.Options {
    var options = TraceReader.Options(itemsPerBatch: 100)
    options.processors = 2
    return options
  }

  private static func log(_ lines: Int) -> [UInt8] { Array(unmappings(lines).utf8) }

  private static func decoded(_ bytes: [UInt8], pieceLength: Int = .max) -> Decoded {
    Decoded(bytes: bytes, pieceLength: pieceLength, options: options)
  }

  @Test func itIsAskedForWhereItHelps() {
    let options = Self.options
    #expect(options.sharesDecoding && options.runsAhead && !options.inflatesAhead)
    for processors in [1, 3, 8] {
      var other = options
      other.processors = processors
      #expect(!other.sharesDecoding)
      #expect(other.inflatesAhead == (processors > 1) && other.runsAhead == (processors > 1))
    }
    var withStacks = options
    withStacks.stacks = StackTable()
    #expect(!withStacks.sharesDecoding)
  }

  @Test(arguments: [1, 99, 100, 101, 30_000])
  func everyLineArrivesOnceAndInOrder(lines: Int) {
    let bytes = Self.log(lines)
    let expected = Decoded(bytes: gzip(bytes))
    #expect(expected.events.count == lines)
    for pieceLength in [7, 1000, .max] {
      let shared = Self.decoded(gzip(bytes), pieceLength: pieceLength)
      #expect(shared.summary == expected.summary && shared.error == nil)
    }
    // What is not compressed has nothing to share.
    #expect(Self.decoded(bytes).summary == expected.summary)
  }

  @Test func aSlowUserAndAFastOneGetTheSame() throws {
    let bytes = gzip(Self.log(20_000))
    var slow: [UInt64] = []
    let reader = try TraceReader(
      source: MemorySource(bytes), name: "log", paths: PathTable(), options: Self.options)
    var batch = TraceBatch()
    while try reader.nextBatch(into: &batch) {
      slow.append(reader.linesRead)
      var sum: UInt64 = 0
      for number in 0..<200_000 { sum = sum &* 31 &+ UInt64(number) }
      #expect(sum != 1)
    }
    #expect(slow == (1...200).map { UInt64($0) * 100 })
    #expect(try !reader.nextBatch(into: &batch))
    #expect(reader.compressedBytesRead == UInt64(bytes.count))
  }

  @Test func damageIsFoundWhereItIs() {
    let bytes = gzip(Self.log(15_000))
    for length in [20, 100, bytes.count / 2, bytes.count - 3] {
      let cut = Array(bytes[..<length])
      let (expected, shared) = (Decoded(bytes: cut), Self.decoded(cut))
      #expect(shared.summary == expected.summary)
      #expect(shared.error == expected.error && shared.error != nil)
    }
    var wrong = bytes
    wrong[bytes.count - 6] ^= 1
    #expect(Self.decoded(wrong).error == Decoded(bytes: wrong).error)
    #expect(Self.decoded(wrong).error != nil)
  }

  @Test func membersFollowEachOther() {
    let bytes = gzip(Self.log(400)) + gzip(Self.log(300)) + gzip([]) + gzip(Self.log(1))
    let shared = Self.decoded(bytes)
    #expect(shared.events.count == 701 && shared.error == nil)
  }

  @Test func whoGivesUpDoesNotWait() throws {
    let bytes = gzip([UInt8](repeating: 10, count: 20_000_000))
    for batches in 0..<20 {
      let reader = try TraceReader(
        source: MemorySource(bytes), name: "log", paths: PathTable(), options: Self.options)
      var batch = TraceBatch()
      for _ in 0..<batches { _ = try reader.nextBatch(into: &batch) }
      #expect(batches == 0 || reader.linesRead > 0)
    }
  }
}
