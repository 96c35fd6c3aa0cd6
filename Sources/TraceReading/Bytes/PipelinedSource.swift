// Unsafe because two threads share memory under a lock that the compiler does not know. What makes
// it safe: `source` is used by the filling thread only; a buffer belongs to the filling thread
// until `filled` counts it, then to the reading one until `taken` does; `filled`, `taken` and all
// other variables are touched only while `lock` is held. The memory lives as long as the ring,
// which both threads own.

import Glibc

/// Reads a source on a thread of its own, some buffers ahead, so that inflating and decoding go on
/// at the same time. The bytes are the same as without it.
final class PipelinedSource: ByteSource {
  private let ring: BufferRing
  private var position = 0
  let totalCompressedBytes: UInt64?

  init(_ source: any ByteSource) {
    totalCompressedBytes = source.totalCompressedBytes
    ring = BufferRing(source)
    ring.start()
  }

  deinit { ring.cancel() }

  var compressedBytesRead: UInt64 { ring.compressedBytesRead }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    guard let full = unsafe try ring.oldest() else { return 0 }
    let count = min(full.count - position, buffer.count)
    unsafe buffer.copyMemory(
      from: UnsafeRawBufferPointer(rebasing: full[position..<position + count]))
    position += count
    if position == full.count {
      ring.release()
      position = 0
    }
    return count
  }
}

/// The buffers between a filling and a reading thread, and the lock over them.
@safe
private final class BufferRing: @unchecked Sendable {
  private static let count = 8
  private static let size = 256 * 1024

  private let source: any ByteSource
  private let memory: UnsafeMutableRawPointer
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private var lengths = [Int](repeating: 0, count: BufferRing.count)
  private var filled = 0
  private var taken = 0
  private var isDone = false
  private var isCancelled = false
  private var error: TraceError?
  private var compressed: UInt64 = 0

  init(_ source: any ByteSource) {
    self.source = source
    unsafe memory = .allocate(byteCount: Self.count * Self.size, alignment: 64)
    unsafe lock = .allocate(capacity: 1)
    unsafe changed = .allocate(capacity: 1)
    unsafe pthread_mutex_init(lock, nil)
    unsafe pthread_cond_init(changed, nil)
  }

  deinit {
    unsafe pthread_mutex_destroy(lock)
    unsafe pthread_cond_destroy(changed)
    unsafe lock.deallocate()
    unsafe changed.deallocate()
    unsafe memory.deallocate()
  }

  /// Starts the filling thread, which owns the ring until it ends. It is never waited for: it may
  /// hang in a pipe that nobody writes.
  func start() {
    var thread = pthread_t()
    let context = unsafe Unmanaged.passRetained(self).toOpaque()
    let status = unsafe pthread_create(
      &thread, nil,
      { context in
        unsafe Unmanaged<BufferRing>.fromOpaque(context!).takeRetainedValue().fill()
        return nil
      }, context)
    if status == 0 {
      pthread_detach(thread)
    } else {
      unsafe Unmanaged<BufferRing>.fromOpaque(context).release()
      withLock {
        isDone = true
        error = TraceError(.io(status), path: "", message: "a thread cannot be started")
      }
    }
  }

  private func withLock<T>(_ body: () -> T) -> T {
    unsafe pthread_mutex_lock(lock)
    defer { unsafe pthread_mutex_unlock(lock) }
    return body()
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
      withLock {
        lengths[index] = length
        compressed = read
        error = failure
        if length == 0 { isDone = true } else { filled += 1 }
        unsafe pthread_cond_broadcast(changed)
      }
      if length == 0 { return }
    }
  }

  private func waitForRoom() -> Int? {
    withLock {
      while filled - taken == Self.count && !isCancelled {
        unsafe pthread_cond_wait(changed, lock)
      }
      return isCancelled ? nil : filled % Self.count
    }
  }

  /// The oldest full buffer, which stays full until `release`; nil at the end.
  func oldest() throws(TraceError) -> UnsafeRawBufferPointer? {
    let (buffer, failure) = unsafe withLock { () -> (UnsafeRawBufferPointer?, TraceError?) in
      while filled == taken && !isDone { unsafe pthread_cond_wait(changed, lock) }
      if filled == taken { return (nil, error) }
      let index = taken % Self.count
      return unsafe (
        UnsafeRawBufferPointer(start: memory + index * Self.size, count: lengths[index]), nil
      )
    }
    if let failure { throw failure }
    return unsafe buffer
  }

  /// Gives the oldest full buffer back.
  func release() {
    withLock {
      taken += 1
      unsafe pthread_cond_broadcast(changed)
    }
  }

  func cancel() {
    withLock {
      isCancelled = true
      unsafe pthread_cond_broadcast(changed)
    }
  }

  var compressedBytesRead: UInt64 { withLock { compressed } }
}

/// The number of processors that can be used.
enum Processors {
  static var count: Int { max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1) }
}
