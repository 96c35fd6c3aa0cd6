/// Where a trace's bytes come from.
///
/// A source is read by one thread at a time and from the beginning to the end once.
public protocol ByteSource: AnyObject {
  /// Fills the start of `buffer`; returns the number of bytes, 0 at the end only.
  ///
  /// Everything before an error is delivered first; the next call then throws it.
  ///
  /// - Precondition: `buffer` is not empty.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int

  /// The number of bytes taken from the file so far, compressed if it is.
  var compressedBytesRead: UInt64 { get }

  /// The size of the file in bytes, where it has one (a pipe has none).
  var totalCompressedBytes: UInt64? { get }
}

/// Bytes in memory as a source: for tests, benchmarks and callers that have a log at hand.
public final class MemorySource: ByteSource {
  private let bytes: [UInt8]
  private var offset = 0
  /// At most so many bytes are delivered at a time.
  private let pieceLength: Int

  public init(_ bytes: [UInt8], pieceLength: Int = .max) {
    self.bytes = bytes
    self.pieceLength = pieceLength
  }

  // Unsafe in its signature only: the copy stays within both buffers, of which `count` is the less.
  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    let count = min(buffer.count, bytes.count - offset, pieceLength)
    unsafe bytes.withUnsafeBytes { all in
      unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[offset..<offset + count]))
    }
    offset += count
    return count
  }

  public var compressedBytesRead: UInt64 { UInt64(offset) }
  public var totalCompressedBytes: UInt64? { UInt64(bytes.count) }
}
