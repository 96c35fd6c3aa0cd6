// Unsafe because two threads share memory under a lock that the compiler does not know. What makes
// it safe: `source` is used by one thread at a time, which has set `isFilling`; a buffer belongs to
// that thread until `filled` counts it, then to whoever reads until `taken` does; `filled`, `taken`
// and all other variables are touched only under `monitor`. One thread reads at a time: whoever
// shares the reading hands it over under a lock. The memory lives as long as the ring, which both
// own.

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
  /// What is left to do here of holding the members against their trailers.
  private var check: MemberCheck?
  private var failure: TraceError?
  let totalCompressedBytes: UInt64?

  /// - Parameter isShared: threads of the caller's fill the buffers (`claim`), and who reads.
  init(_ source: GzipSource, isShared: Bool = false) {
    totalCompressedBytes = source.totalCompressedBytes
    path = source.path
    source.leaveChecks()
    check = source.leavesChecks ? MemberCheck() : nil
    ring = BufferRing(source, isShared: isShared)
    if !isShared { ring.start() }
  }

  deinit { ring.cancel() }

  var compressedBytesRead: UInt64 { ring.compressedBytesRead }

  // MARK: For threads that do more than to fill

  /// Whatever is asked and waited for about the buffers is under it.
  var monitor: Monitor { ring.monitor }

  /// Takes it upon the calling thread to `fill` a buffer; false if there is none, or nothing to
  /// fill it with, or another thread is at it. Only within the monitor's lock.
  func claim() -> Bool { ring.claim() }

  /// Fills a buffer. Only after `claim`.
  func fill() { ring.fill() }

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
      unsafe check?.add(UnsafeRawBufferPointer(target))
      position += count
      if let end, position == stop { finishMember(end) }
      if unsafe position == piece.bytes.count && passedEnds == ends.count { release() }
      if count > 0 { return count }
    }
  }

  private func finishMember(_ end: MemberEnd) {
    passedEnds += 1
    if let (reason, position) = check?.finish(end) {
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
  private static let size = 128 * 1024

  /// What one `read` of the source delivered.
  @unsafe
  struct Piece {
    var bytes: UnsafeRawBufferPointer
    var memberEnds: [MemberEnd]
  }

  @unsafe
  private enum Answer {
    case piece(Piece)
    case ended(TraceError?)
    /// Nothing is there, and nobody else fills.
    case claimed
  }

  private let source: GzipSource
  private let memory: UnsafeMutableRawPointer
  let monitor = Monitor()
  private var lengths: [Int]
  private var memberEnds: [[MemberEnd]]
  private var filled = 0
  private var taken = 0
  private var isDone = false
  private var isFilling = false
  private let isShared: Bool
  /// Half a mebibyte in all: of much more, inflating writes to memory that the cache has lost.
  /// Half of that where what comes behind is buffered as well.
  private let count: Int
  private var isCancelled = false
  private var error: TraceError?
  private var compressed: UInt64 = 0

  init(_ source: GzipSource, isShared: Bool) {
    self.source = source
    self.isShared = isShared
    count = isShared ? 2 : 4
    lengths = [Int](repeating: 0, count: count)
    memberEnds = [[MemberEnd]](repeating: [], count: count)
    unsafe memory = .allocate(byteCount: count * Self.size, alignment: 64)
  }

  deinit { unsafe memory.deallocate() }

  /// Starts the filling thread, which owns the ring until it ends.
  func start() {
    let status = DetachedThread.start { self.fillUntilDone() }
    if status == 0 { return }
    monitor.withLock {
      isDone = true
      error = TraceError(.io(status), path: "", message: "a thread cannot be started")
    }
  }

  /// The filling thread: reads until the end, an error, or until nobody reads any more.
  private func fillUntilDone() {
    while waitForRoom() { fill() }
  }

  private func waitForRoom() -> Bool {
    monitor.withLock {
      while !isDone && !isCancelled {
        if claim() { return true }
        monitor.wait()
      }
      return false
    }
  }

  /// Only within the lock.
  func claim() -> Bool {
    if isDone || isFilling || filled - taken == count { return false }
    isFilling = true
    return true
  }

  /// Fills the next buffer. Only after `claim`.
  func fill() {
    let index = monitor.withLock { filled % count }
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
      isFilling = false
    }
  }

  /// The oldest full buffer, which stays full until `release`; nil at the end.
  func oldest() throws(TraceError) -> Piece? {
    while true {
      let answer = unsafe monitor.withLock { () -> Answer in
        while filled == taken && !isDone {
          if isShared && claim() { return unsafe .claimed }
          monitor.wait()
        }
        if filled == taken { return unsafe .ended(error) }
        let index = taken % count
        let bytes = unsafe UnsafeRawBufferPointer(
          start: memory + index * Self.size, count: lengths[index])
        return unsafe .piece(Piece(bytes: bytes, memberEnds: memberEnds[index]))
      }
      switch unsafe answer {
      case .piece(let piece): return unsafe piece
      case .ended(let failure):
        if let failure { throw failure }
        return nil
      case .claimed: fill()
      }
    }
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
