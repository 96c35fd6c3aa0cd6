// Unsafe only in that it copies into and hands on the caller's buffer, within its bounds.

/// A source whose first bytes have already been looked at.
final class PeekedSource: ByteSource {
  private let source: any ByteSource
  private var head: [UInt8]

  /// Reads `count` bytes ahead, fewer if the source ends before.
  init(_ source: any ByteSource, count: Int) throws(TraceError) {
    self.source = source
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { unsafe bytes.deallocate() }
    var filled = 0
    while filled < count {
      let got = unsafe try source.read(into: .init(rebasing: bytes[filled...]))
      if got == 0 { break }
      filled += got
    }
    head = unsafe Array(bytes[..<filled])
  }

  /// The first bytes of the file.
  var firstBytes: [UInt8] { head }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    if head.isEmpty { return unsafe try source.read(into: buffer) }
    let count = min(head.count, buffer.count)
    unsafe buffer.copyBytes(from: head[..<count])
    head.removeFirst(count)
    return count
  }

  var compressedBytesRead: UInt64 { source.compressedBytesRead }
  var totalCompressedBytes: UInt64? { source.totalCompressedBytes }
}
