// Unsafe because bytes pass through memory of its own. What makes it safe: `memory` is allocated
// once and freed in `deinit` only, `rest` is always a part of it, the caller's buffer is not kept
// after the call, and before the input lie as many bytes of the piece before as a trailer has.

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

  private static let inputSize = 64 * 1024
  /// The bytes behind a member: its checksum and its length.
  private static let trailerLength = 8
  private let source: any ByteSource
  let path: String
  private let inflater: any Inflater
  /// The trailing bytes of the input before, then the input.
  private let memory: UnsafeMutableRawBufferPointer
  /// The input that has not been inflated.
  private var rest: UnsafeMutableRawBufferPointer
  private var state = State.inMember
  private var sourceEnded = false
  /// The number of input bytes that were handed over to the inflater or passed over.
  private var fetched: UInt64 = 0
  /// The trailers of members are not looked at here.
  private(set) var leavesChecks = false
  /// The ends of members in the bytes that the last `read` delivered, if checks are left.
  private(set) var memberEnds: [MemberEnd] = []

  /// - Parameters:
  ///   - source: the compressed bytes, from the first byte of the first member on.
  ///   - path: for messages.
  public convenience init(_ source: any ByteSource, path: String) throws(TraceError) {
    try self.init(source, path: path, library: .fastest)
  }

  init(_ source: any ByteSource, path: String, library: InflateLibrary) throws(TraceError) {
    self.source = source
    self.path = path
    inflater = try library.makeInflater(path: path)
    unsafe memory = .allocate(byteCount: Self.trailerLength + Self.inputSize, alignment: 16)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
    unsafe rest = UnsafeMutableRawBufferPointer(rebasing: memory[..<0])
  }

  deinit { unsafe memory.deallocate() }

  /// Leaves it to the caller to hold the members against their trailers (`memberEnds`), if
  /// `leavesChecks` says so afterwards. Must be called before the first `read`.
  func leaveChecks() { leavesChecks = inflater.leaveChecks() }

  public var compressedBytesRead: UInt64 { source.compressedBytesRead }
  public var totalCompressedBytes: UInt64? { source.totalCompressedBytes }

  /// The position in the compressed file up to which the inflater has read.
  private var position: UInt64 { unsafe fetched - UInt64(rest.count) }

  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    let capacity = min(buffer.count, Int(Int32.max))
    memberEnds.removeAll(keepingCapacity: true)
    var output = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<capacity])
    while unsafe !output.isEmpty {
      let delivered = capacity - output.count
      switch state {
      case .failed(let error):
        if delivered > 0 { return delivered }
        throw error
      case .ended:
        return delivered
      case .betweenMembers:
        // What was inflated is given out before a slow pipe is asked for more.
        if unsafe delivered > 0 && rest.isEmpty && !sourceEnded { return delivered }
        beginNextMember()
      case .inMember:
        if unsafe delivered > 0 && rest.isEmpty { return delivered }
        unsafe inflateSome(to: &output)
        if leavesChecks, case .betweenMembers = state {
          noteMemberEnd(at: capacity - output.count)
        }
      }
    }
    return capacity
  }

  /// Notes the trailer that the inflater has just passed over.
  private func noteMemberEnd(at offset: Int) {
    let trailer = unsafe UnsafeRawPointer(rest.baseAddress! - Self.trailerLength)
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
    if unsafe !rest.isEmpty { return true }
    if sourceEnded { return false }
    if let end = unsafe rest.baseAddress, fetched > 0 {
      // A trailer may begin in this piece and end in the next.
      unsafe memmove(memory.baseAddress!, end - Self.trailerLength, Self.trailerLength)
    }
    return fill(from: Self.trailerLength)
  }

  /// Reads input behind the first `start` bytes of the memory, of which those that are input are
  /// already there; false at the end of the file.
  private func fill(from start: Int) -> Bool {
    do {
      let count = unsafe try source.read(
        into: UnsafeMutableRawBufferPointer(rebasing: memory[start...]))
      unsafe rest = UnsafeMutableRawBufferPointer(
        rebasing: memory[Self.trailerLength..<start + count])
      fetched += UInt64(count)
      if count == 0 { sourceEnded = true }
      return count > 0
    } catch {
      state = .failed(error)
      return false
    }
  }

  private func inflateSome(to output: inout UnsafeMutableRawBufferPointer) {
    let room = output.count
    // Without input it may still have something to deliver, or a member to end.
    let hadInput = unsafe !rest.isEmpty
    switch unsafe inflater.inflate(&rest, to: &output) {
    case .goesOn:
      if !hadInput && output.count == room { fetchWithinMember() }
    case .memberEnded:
      state = .betweenMembers
    case .noMemory:
      state = .failed(TraceError(.io(ENOMEM), path: path, message: "no memory for zlib"))
    case .damaged(let reason):
      state = .failed(.damagedGzip(reason, path: path, at: position))
    }
  }

  private func fetchWithinMember() {
    if fetch() { return }
    if case .failed = state { return }
    state = .failed(
      TraceError(
        .damaged, path: path, byteOffset: position,
        message: "the compressed data end in the middle; what could be read was used"))
  }

  private func beginNextMember() {
    while fetch() {
      if unsafe rest[0] != 0 { break }
      unsafe rest.dropAll(but: rest.count - 1)
    }
    if case .failed = state { return }
    guard unsafe !rest.isEmpty, unsafe rest[0] == 0x1f else {
      state = .ended
      return
    }
    // The second magic byte may lie in the next piece of input: it is fetched behind this one.
    if unsafe rest.count == 1 {
      unsafe memory[Self.trailerLength] = rest[0]
      _ = fill(from: Self.trailerLength + 1)
    }
    guard unsafe rest.count > 1, unsafe rest[1] == 0x8b else {
      if case .failed = state { return }
      state = .ended
      return
    }
    state = inflater.reset() ? .inMember : .ended
  }
}
