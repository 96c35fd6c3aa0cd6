// Unsafe because zlib is a C library that takes pointers. What makes it safe: `stream` is allocated
// once and freed in `deinit` only, and within a call `next_in` and `next_out` describe the buffers
// of the caller, which are not kept after it.

internal import CZlib
internal import Glibc

/// Inflates by zlib, which every build has.
@safe
final class ZlibInflater: Inflater {
  private let stream: UnsafeMutablePointer<z_stream>

  init(path: String) throws(TraceError) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // 15: the largest window; 16: a gzip header and trailer around it.
    let status = unsafe inflateInit2_(
      stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    if status != Z_OK {
      throw TraceError(.io(ENOMEM), path: path, message: "zlib cannot be set up (\(status))")
    }
  }

  deinit {
    _ = unsafe inflateEnd(stream)
    unsafe stream.deinitialize(count: 1)
    unsafe stream.deallocate()
  }

  func inflate(
    _ input: inout UnsafeMutableRawBufferPointer, to output: inout UnsafeMutableRawBufferPointer
  ) -> InflateResult {
    unsafe stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_in = UInt32(input.count)
    unsafe stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = UInt32(output.count)
    let status = unsafe CZlib.inflate(stream, Z_NO_FLUSH)
    unsafe input.dropAll(but: Int(stream.pointee.avail_in))
    unsafe output.dropAll(but: Int(stream.pointee.avail_out))
    switch status {
    case Z_OK, Z_BUF_ERROR: return .goesOn
    case Z_STREAM_END: return .memberEnded
    case Z_MEM_ERROR: return .noMemory
    default:
      return .damaged(unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "bad data")
    }
  }

  func reset() -> Bool { unsafe inflateReset(stream) == Z_OK }

  func leaveChecks() -> Bool { unsafe inflateValidate(stream, 0) == Z_OK }
}

extension UnsafeMutableRawBufferPointer {
  /// Takes the start off, so that `count` bytes are left.
  mutating func dropAll(but count: Int) {
    unsafe self = UnsafeMutableRawBufferPointer(rebasing: self[(self.count - count)...])
  }
}
