// Unsafe because two threads share memory under a lock that the compiler does not know. What makes
// it safe: `source` is used by the filling thread only; a buffer belongs to the filling thread
// until `filled` counts it, then to the reading one until `taken` does; `filled`, `taken` and all
// other variables are touched only under `monitor`. The memory lives as long as the ring,
// which both threads own.

import Glibc

/// Inflates on a thread of its own, some buffers ahead of the thread that reads, which has the
/// members' checksums to do. The bytes and the errors are the same as without it.
@safe
final class PipelinedSource: ByteSource {
  private let ring: BufferRing
  private let path: String
  /// The oldest full buffer, and how much of it has been given out.
  private var current: BufferRing.Piece?
  private var position = 0
  /// The number of its members' ends that have been passed.
  private var passedEnds = 0
  private var check = MemberCheck()
  private var failure: TraceError?
  let totalCompressedBytes: UInt64?

  init(_ source: GzipSource) {
    totalCompressedBytes = source.totalCompressedBytes
    path = source.path
    source.leaveChecks()
    ring = BufferRing(source)
    ring.start()
  }

  deinit { ring.cancel() }

  var compressedBytesRead: UInt64 { ring.compressedBytesRead }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    while true {
      if let failure { throw failure }
      if unsafe current == nil { unsafe current = try ring.oldest() }
      guard let piece = unsafe current else { return 0 }
      let ends = unsafe piece.memberEnds
      let end = passedEnds < ends.count ? ends[passedEnds] : nil
      let stop = unsafe end?.offset ?? piece.bytes.count
      let count = min(stop - position, buffer.count)
      let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
      unsafe target.copyMemory(
        from: UnsafeRawBufferPointer(rebasing: piece.bytes[position..<position + count]))
      unsafe check.add(UnsafeRawBufferPointer(target))
      position += count
      if let end, position == stop { finishMember(end) }
      if unsafe position == piece.bytes.count && passedEnds == ends.count { release() }
      if count > 0 { return count }
    }
  }

  private func finishMember(_ end: MemberEnd) {
    passedEnds += 1
    if let (reason, position) = check.finish(end) {
      failure = .damagedGzip(reason, path: path, at: position)
    }
  }

  private func release() {
    unsafe current = nil
    position = 0
    passedEnds = 0
    ring.release()
  }
}

/// The buffers between a filling and a reading thread, and the lock over them.
@safe
private final class BufferRing: @unchecked Sendable {
  /// One mebibyte in all: more of it and inflating writes to memory that the cache has lost.
  private static let count = 4
  private static let size = 256 * 1024

  /// What one `read` of the source delivered.
  @unsafe
  struct Piece {
    var bytes: UnsafeRawBufferPointer
    var memberEnds: [MemberEnd]
  }

  private let source: GzipSource
  private let memory: UnsafeMutableRawPointer
  private let monitor = Monitor()
  private var lengths = [Int](repeating: 0, count: BufferRing.count)
  private var memberEnds = [[MemberEnd]](repeating: [], count: BufferRing.count)
  private var filled = 0
  private var taken = 0
  private var isDone = false
  private var isCancelled = false
  private var error: TraceError?
  private var compressed: UInt64 = 0

  init(_ source: GzipSource) {
    self.source = source
    unsafe memory = .allocate(byteCount: Self.count * Self.size, alignment: 64)
  }

  deinit { unsafe memory.deallocate() }

  /// Starts the filling thread, which owns the ring until it ends.
  func start() {
    let status = DetachedThread.start { self.fill() }
    if status == 0 { return }
    monitor.withLock {
      isDone = true
      error = TraceError(.io(status), path: "", message: "a thread cannot be started")
    }
  }

  /// The filling thread: reads until the end, an error, or until nobody reads any more.
  private func fill() {
    while let index = waitForRoom() {
      let buffer = unsafe UnsafeMutableRawBufferPointer(
        start: memory + index * Self.size, count: Self.size)
      var length = 0
      var failure: TraceError?
      do throws(TraceError) {
        length = unsafe try source.read(into: buffer)
      } catch {
        failure = error
      }
      let read = source.compressedBytesRead
      let ends = source.memberEnds
      monitor.change {
        lengths[index] = length
        memberEnds[index] = ends
        compressed = read
        error = failure
        // The trailer of the last member may come alone.
        if length > 0 || !ends.isEmpty { filled += 1 }
        if length == 0 { isDone = true }
      }
      if length == 0 { return }
    }
  }

  private func waitForRoom() -> Int? {
    monitor.withLock {
      while filled - taken == Self.count && !isCancelled {
        monitor.wait()
      }
      return isCancelled ? nil : filled % Self.count
    }
  }

  /// The oldest full buffer, which stays full until `release`; nil at the end.
  func oldest() throws(TraceError) -> Piece? {
    let (piece, failure) = unsafe monitor.withLock { () -> (Piece?, TraceError?) in
      while filled == taken && !isDone { monitor.wait() }
      if filled == taken { return (nil, error) }
      let index = taken % Self.count
      let bytes = unsafe UnsafeRawBufferPointer(
        start: memory + index * Self.size, count: lengths[index])
      return unsafe (Piece(bytes: bytes, memberEnds: memberEnds[index]), nil)
    }
    if let failure { throw failure }
    return unsafe piece
  }

  /// Gives the oldest full buffer back.
  func release() {
    monitor.change {
      taken += 1
    }
  }

  func cancel() {
    monitor.change {
      isCancelled = true
    }
  }

  var compressedBytesRead: UInt64 { monitor.withLock { compressed } }
}

/// The number of processors that can be used.
enum Processors {
  static var count: Int { max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1) }
}
