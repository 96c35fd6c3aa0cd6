// Unsafe because zlib's checksum takes a pointer and a length: those of the buffer that it is
// given, which is not kept.

internal import CZlib

/// The end of a gzip member within the bytes that one `read` delivered, and what its trailer says.
struct MemberEnd: BitwiseCopyable {
  /// The number of bytes delivered by that `read` that belong to the member or to earlier ones.
  var offset: Int
  /// The CRC-32 of the member's inflated bytes.
  var checksum: UInt32
  /// The number of its inflated bytes, modulo 2^32.
  var length: UInt32
  /// Where the trailer ends, in the compressed file.
  var position: UInt64
}

/// Holds inflated bytes against the trailers of their members, as zlib does unless told not to.
///
/// The checksum is an eighth of the work of inflating: whoever inflates on a thread of its own
/// leaves it to the other.
@safe
struct MemberCheck {
  private var checksum: UInt32 = 0
  private var length: UInt32 = 0

  /// Adds the next inflated bytes of the member.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress else { return }
    checksum = unsafe UInt32(
      truncatingIfNeeded: crc32_z(
        UInt(checksum), start.assumingMemoryBound(to: UInt8.self), bytes.count))
    length &+= UInt32(truncatingIfNeeded: bytes.count)
  }

  /// Ends the member and begins the next.
  ///
  /// - Returns: what is wrong with it, in zlib's words, and where; nil if nothing is.
  mutating func finish(_ end: MemberEnd) -> (reason: String, position: UInt64)? {
    defer { self = MemberCheck() }
    // The checksum comes first, the length behind it.
    if checksum != end.checksum { return ("incorrect data check", end.position - 4) }
    return length == end.length ? nil : ("incorrect length check", end.position)
  }
}

extension TraceError {
  /// A gzip file whose bytes cannot be what was compressed.
  static func damagedGzip(_ reason: String, path: String, at position: UInt64) -> TraceError {
    TraceError(
      .damaged, path: path, byteOffset: position,
      message: "the compressed data are damaged (\(reason)); what could be read was used")
  }
}
