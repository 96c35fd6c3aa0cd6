// Unsafe because zlib is a C library that takes pointers. What makes it safe: `stream` and `input`
// are allocated once and freed in `deinit` only, `next_in` and `avail_in` always describe bytes
// inside `input`, `next_out` is the caller's buffer, which is not kept after the call, and before
// `input` lie as many bytes of the piece before as a trailer has.

internal import CZlib
internal import Glibc

/// The bytes of a gzip file: any number of members, one after another.
///
/// After a complete member, NUL bytes are padding and anything but another member is garbage;
/// neither is an error, as gzip itself has it.
@safe
public final class GzipSource: ByteSource {
  private enum State {
    /// Between two members (or before the first).
    case betweenMembers
    case inMember
    case ended
    case failed(TraceError)
  }

  private static let inputSize = 128 * 1024
  /// The bytes behind a member: its checksum and its length.
  private static let trailerLength = 8
  private let source: any ByteSource
  let path: String
  private let stream: UnsafeMutablePointer<z_stream>
  private let input: UnsafeMutablePointer<UInt8>
  private var state = State.inMember
  private var sourceEnded = false
  /// The number of input bytes that were handed over to zlib or passed over.
  private var fetched: UInt64 = 0
  /// The trailers of members are not looked at here.
  private var leavesChecks = false
  /// The ends of members in the bytes that the last `read` delivered, if checks are left.
  private(set) var memberEnds: [MemberEnd] = []

  /// - Parameters:
  ///   - source: the compressed bytes, from the first byte of the first member on.
  ///   - path: for messages.
  public init(_ source: any ByteSource, path: String) throws(TraceError) {
    self.source = source
    self.path = path
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let memory = UnsafeMutablePointer<UInt8>.allocate(
      capacity: Self.trailerLength + Self.inputSize)
    unsafe memory.initialize(repeating: 0, count: Self.trailerLength)
    unsafe input = memory + Self.trailerLength
    // 15: the largest window; 16: a gzip header and trailer around it.
    let status = unsafe inflateInit2_(
      stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    if status != Z_OK {
      state = .failed(
        TraceError(.io(ENOMEM), path: path, message: "zlib cannot be set up (\(status))"))
    }
  }

  deinit {
    _ = unsafe inflateEnd(stream)
    unsafe stream.deinitialize(count: 1)
    unsafe stream.deallocate()
    unsafe (input - Self.trailerLength).deallocate()
  }

  /// Leaves it to the caller to hold the members against their trailers (`memberEnds`). Must be
  /// called before the first `read`.
  func leaveChecks() {
    leavesChecks = unsafe inflateValidate(stream, 0) == Z_OK
  }

  public var compressedBytesRead: UInt64 { source.compressedBytesRead }
  public var totalCompressedBytes: UInt64? { source.totalCompressedBytes }

  /// The position in the compressed file up to which zlib has read.
  private var position: UInt64 { unsafe fetched - UInt64(stream.pointee.avail_in) }

  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    let capacity = min(buffer.count, Int(Int32.max))
    memberEnds.removeAll(keepingCapacity: true)
    unsafe stream.pointee.next_out = buffer.baseAddress!.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = UInt32(capacity)
    defer { unsafe stream.pointee.next_out = nil }
    while unsafe stream.pointee.avail_out != 0 {
      let delivered = unsafe capacity - Int(stream.pointee.avail_out)
      switch state {
      case .failed(let error):
        if delivered > 0 { return delivered }
        throw error
      case .ended:
        return delivered
      case .betweenMembers:
        // What was inflated is given out before a slow pipe is asked for more.
        if delivered > 0, unsafe stream.pointee.avail_in == 0, !sourceEnded { return delivered }
        beginNextMember()
      case .inMember:
        if delivered > 0, unsafe stream.pointee.avail_in == 0 { return delivered }
        inflateSome()
        if leavesChecks, case .betweenMembers = state {
          noteMemberEnd(at: unsafe capacity - Int(stream.pointee.avail_out))
        }
      }
    }
    return capacity
  }

  /// Notes the trailer that zlib has just passed over.
  private func noteMemberEnd(at offset: Int) {
    let trailer = unsafe UnsafeRawPointer(stream.pointee.next_in - Self.trailerLength)
    memberEnds.append(
      MemberEnd(
        offset: offset,
        checksum: unsafe UInt32(littleEndian: trailer.loadUnaligned(as: UInt32.self)),
        length: unsafe UInt32(
          littleEndian: trailer.loadUnaligned(fromByteOffset: 4, as: UInt32.self)),
        position: position))
  }

  /// Reads more input if there is none; false at the end of the file.
  private func fetch() -> Bool {
    if unsafe stream.pointee.avail_in > 0 { return true }
    if sourceEnded { return false }
    if let end = unsafe stream.pointee.next_in {
      // A trailer may begin in this piece and end in the next.
      unsafe memmove(input - Self.trailerLength, end - Self.trailerLength, Self.trailerLength)
    }
    do {
      let count = unsafe try source.read(
        into: UnsafeMutableRawBufferPointer(start: input, count: Self.inputSize))
      unsafe stream.pointee.next_in = input
      unsafe stream.pointee.avail_in = UInt32(count)
      fetched += UInt64(count)
      if count == 0 { sourceEnded = true }
      return count > 0
    } catch {
      state = .failed(error)
      return false
    }
  }

  private func inflateSome() {
    guard fetch() else {
      if case .failed = state { return }
      state = .failed(
        TraceError(
          .damaged, path: path, byteOffset: position,
          message: "the compressed data end in the middle; what could be read was used"))
      return
    }
    switch unsafe inflate(stream, Z_NO_FLUSH) {
    case Z_OK, Z_BUF_ERROR:
      break
    case Z_STREAM_END:
      state = .betweenMembers
    case Z_MEM_ERROR:
      state = .failed(TraceError(.io(ENOMEM), path: path, message: "no memory for zlib"))
    default:
      let reason = unsafe stream.pointee.msg.map { unsafe String(cString: $0) } ?? "bad data"
      state = .failed(.damagedGzip(reason, path: path, at: position))
    }
  }

  private func beginNextMember() {
    while fetch() {
      if unsafe stream.pointee.next_in.pointee != 0 { break }
      skipInput(1)
    }
    if case .failed = state { return }
    guard unsafe stream.pointee.avail_in > 0, unsafe stream.pointee.next_in.pointee == 0x1f else {
      state = .ended
      return
    }
    // The second magic byte may lie in the next piece of input: it is fetched behind this one.
    if unsafe stream.pointee.avail_in == 1 { fetchBehindOne() }
    guard unsafe stream.pointee.avail_in > 1, unsafe stream.pointee.next_in[1] == 0x8b else {
      if case .failed = state { return }
      state = .ended
      return
    }
    state = unsafe inflateReset(stream) == Z_OK ? .inMember : .ended
  }

  private func skipInput(_ count: UInt32) {
    unsafe stream.pointee.next_in += Int(count)
    unsafe stream.pointee.avail_in -= count
  }

  private func fetchBehindOne() {
    let first = unsafe stream.pointee.next_in.pointee
    unsafe input[0] = first
    unsafe stream.pointee.next_in = input
    do {
      let count = unsafe try source.read(
        into: UnsafeMutableRawBufferPointer(start: input + 1, count: Self.inputSize - 1))
      unsafe stream.pointee.avail_in = UInt32(count + 1)
      fetched += UInt64(count)
    } catch {
      state = .failed(error)
    }
  }
}
