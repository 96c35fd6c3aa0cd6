import Testing

@testable import TraceReading

/// What one way of inflating makes of a file.
private struct Inflated: Equatable {
  var bytes: [UInt8] = []
  var failure: Failure?

  struct Failure: Equatable {
    var kind: TraceError.Kind
    var message: String
    var offset: UInt64?
  }

  init(
    _ file: [UInt8], by library: InflateLibrary, pieceLength: Int = .max, room: Int = 4096
  ) throws {
    try self.init(MemorySource(file, pieceLength: pieceLength), by: library, room: room)
  }

  /// - Parameter pieceLengths: of the first pieces; the last piece is the rest.
  init(_ file: [UInt8], by library: InflateLibrary, pieceLengths: [Int]) throws {
    try self.init(PiecesSource(file, pieceLengths), by: library, room: 4096)
  }

  private init(_ bytes: any ByteSource, by library: InflateLibrary, room: Int) throws {
    let source = try GzipSource(bytes, path: "log", library: library)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
    defer { unsafe buffer.deallocate() }
    do throws(TraceError) {
      while true {
        let count = unsafe try source.read(into: buffer)
        if count == 0 { break }
        unsafe self.bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
    } catch {
      failure = Failure(kind: error.kind, message: error.message, offset: error.byteOffset)
    }
  }
}

/// Bytes that arrive in pieces of given lengths, then all the rest.
private final class PiecesSource: ByteSource {
  private var pieces: [[UInt8]] = []

  init(_ bytes: [UInt8], _ lengths: [Int]) {
    var rest = bytes[...]
    for length in lengths {
      pieces.append(Array(rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    pieces.append(Array(rest))
    pieces.removeAll { $0.isEmpty }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    guard !pieces.isEmpty else { return 0 }
    let piece = pieces.removeFirst()
    unsafe buffer.copyBytes(from: piece)
    return piece.count
  }

  var compressedBytesRead: UInt64 { 0 }
  var totalCompressedBytes: UInt64? { nil }
}

@Suite("All libraries that inflate give the same bytes and the same errors")
struct InflaterTests {
  private static let log = Array(InputTests.log.utf8)

  /// Text that repeats itself far back, and bytes that do not.
  private static let mixed: [UInt8] = {
    var random = SeededGenerator(state: 3)
    var bytes = log
    while bytes.count < 150_000 {
      bytes += (0..<3000).map { _ in UInt8.random(in: 0...255, using: &random) }
      bytes += bytes.suffix(32_000).prefix(9000)
      bytes += [UInt8](repeating: 65, count: 700)
    }
    return bytes
  }()

  @Test("sound files, whatever arrives and whatever there is room for at a time")
  func sound() throws {
    let files = [
      gzip(Self.log), gzip([]), gzip([]) + gzip(Self.log) + gzip([]) + [0, 0, 0],
      gzip(Self.log) + gzip(Self.log, level: 1) + gzip(Self.log, level: 0) + [7],
    ]
    for file in files {
      let expected = try Inflated(file, by: .zlib)
      #expect(expected.failure == nil)
      for library in InflateLibrary.allCases {
        for (piece, room) in [(1, 1), (1, 4096), (2, 3), (7, 100), (64, 8), (Int.max, 1)] {
          #expect(try Inflated(file, by: library, pieceLength: piece, room: room) == expected)
        }
      }
    }
    for level: Int32 in [0, 1, 6, 9] {
      let file = gzip(Self.mixed, level: level)
      for library in InflateLibrary.allCases {
        for (piece, room) in [(Int.max, 128 * 1024), (5000, 70_000), (131_072, 511), (3, 65_536)] {
          let inflated = try Inflated(file, by: library, pieceLength: piece, room: room)
          #expect(inflated.bytes == Self.mixed && inflated.failure == nil)
        }
      }
    }
  }

  @Test("every prefix gives all that can be known, then the same error")
  func prefixes() throws {
    let file = gzip([]) + gzip(Array(Self.log.prefix(3000))) + gzip(Array(Self.log.prefix(90)))
    for length in 2..<file.count {
      let cut = Array(file[..<length])
      let expected = try Inflated(cut, by: .zlib)
      for library in InflateLibrary.allCases {
        #expect(try Inflated(cut, by: library) == expected, "\(length)")
        #expect(try Inflated(cut, by: library, pieceLength: 1, room: 1) == expected, "\(length)")
      }
    }
  }

  @Test("damage is always found, and nothing is made up or lost before it")
  func damage() throws {
    var random = SeededGenerator(state: 11)
    let file = gzip(Self.log) + gzip(Self.mixed)
    let second = gzip(Self.log).count
    for round in 0..<150 {
      var bytes = file
      // Half of them where tables and the first matches are.
      let index = Int.random(
        in: second + 2..<(round % 2 == 0 ? second + 600 : bytes.count), using: &random)
      bytes[index] ^= UInt8.random(in: 1...255, using: &random)
      let expected = try Inflated(bytes, by: .zlib, room: 1 << 17)
      for library in InflateLibrary.allCases {
        for room in [1 << 17, 4096] {
          let inflated = try Inflated(bytes, by: library, room: room)
          // Ten bytes of the header may change without harm, and the next two make no member.
          #expect((inflated.failure == nil) == (expected.failure == nil), "\(index)")
          let common = min(inflated.bytes.count, expected.bytes.count)
          #expect(inflated.bytes[..<common] == expected.bytes[..<common], "\(index)")
          // ISA-L may find it later; a distance that points too far back takes the longest match
          // with it.
          #expect(inflated.bytes.count >= expected.bytes.count - 258, "\(index)")
        }
      }
    }
  }

  @Test("headers with all optional fields, whatever arrives at a time")
  func headers() throws {
    let bytes = Array(Self.log.prefix(300))
    for flags in 0..<32 as Range<UInt8> {
      let member = gzip(bytes, fields: GzipFields(rawValue: flags))
      let file = member + member
      let cuts = (1..<80).map { [$0] } + [[1, 1], [2, 5], [6, 9], [12, 20]]
      for library in InflateLibrary.allCases {
        for cut in cuts {
          let inflated = try Inflated(file, by: library, pieceLengths: cut)
          #expect(inflated.bytes == bytes + bytes && inflated.failure == nil, "\(flags) \(cut)")
        }
      }
    }
    for library in InflateLibrary.allCases {
      for flag: UInt8 in [0x20, 0x40, 0x80] {
        let inflated = try Inflated(gzip(bytes, fields: .init(rawValue: flag)), by: library)
        #expect(inflated.failure?.message.contains("unknown header flags set") == true)
      }
      var wrong = gzip(bytes, fields: [.name, .checksum])
      wrong[12] ^= 1
      #expect(try Inflated(wrong, by: library).failure != nil)
    }
  }

  @Test("damage in every byte of short files, whatever arrives at a time")
  func shortFiles() throws {
    let file = gzip(Array(Self.log.prefix(150)))
    for index in 2..<file.count {
      for bit in 0..<8 {
        var bytes = file
        bytes[index] ^= 1 << UInt8(bit)
        let expected = try Inflated(bytes, by: .zlib)
        for library in InflateLibrary.allCases {
          for pieces in [[Int.max], [6], [1], [file.count - 9]] {
            let inflated = try Inflated(bytes, by: library, pieceLengths: pieces)
            #expect((inflated.failure == nil) == (expected.failure == nil), "\(index) \(bit)")
            let offset = inflated.failure?.offset ?? 0
            #expect(offset <= UInt64(file.count), "\(index) \(bit)")
          }
        }
      }
    }
  }

  @Test("a wrong checksum or length leaves all bytes")
  func trailers() throws {
    let file = gzip(Self.mixed)
    for offset in 1...8 {
      var bytes = file
      bytes[file.count - offset] ^= 0x10
      for library in InflateLibrary.allCases {
        let inflated = try Inflated(bytes, by: library)
        #expect(inflated.bytes == Self.mixed)
        let reason = offset > 4 || library != .zlib ? "data" : "length"
        #expect(inflated.failure?.message.contains("incorrect \(reason) check") == true)
      }
    }
  }
}
