// Unsafe because lines are handed out as pointers into one reused buffer. What makes it safe: the
// buffer has `ByteCursor.slack` bytes before and after its lines and a newline at the end of each,
// it is allocated once and freed in `deinit` only, and a line is valid until the next call only,
// which the decoder's structure guarantees: it is passed down the stack and never stored.

import Glibc

/// Cuts a source's bytes into lines.
///
/// Memory is bounded whatever the longest line: of a line longer than the buffer, its first and
/// last parts are kept, where everything that is decoded stands.
@safe
struct LineReader: ~Copyable {
  /// What is kept of a line that is longer than the buffer, in bytes.
  static let keptHead = 96 * 1024
  static let keptTail = 32 * 1024
  static let defaultCapacity = 512 * 1024
  /// At most so much is asked of the source at a time, so that inflated text is still in the cache.
  static let pieceLength = 256 * 1024

  private let source: any ByteSource
  private let buffer: UnsafeMutablePointer<UInt8>
  private let capacity: Int
  private var start = 0
  private var filled = 0
  /// The line last returned.
  private var current = (start: 0, end: 0)
  /// Up to here there is no newline since `start`.
  private var scanned = 0
  private var sourceEnded = false
  private var pendingError: TraceError?

  /// The number of the line last returned, counted from 1.
  private(set) var lineNumber: UInt64 = 0
  /// The number of (decompressed) bytes up to the end of the line last returned.
  private(set) var bytesRead: UInt64 = 0
  /// The line last returned had no newline: the log ends there.
  private(set) var isUnterminated = false
  /// The middle of the line last returned was too long to be kept.
  private(set) var isElided = false
  private var elidedBytes: UInt64 = 0

  /// For one of many files that are open at the same time.
  static let smallCapacity = 160 * 1024

  init(_ source: any ByteSource, capacity: Int = LineReader.defaultCapacity) {
    self.source = source
    self.capacity = max(capacity, Self.keptHead + 2 * Self.keptTail)
    // Zeroed by the kernel: a short file touches a few pages only.
    let memory = unsafe calloc(self.capacity + 2 * ByteCursor.slack, 1)!
    unsafe buffer = memory.assumingMemoryBound(to: UInt8.self)
  }

  deinit { unsafe free(buffer) }

  var compressedBytesRead: UInt64 { source.compressedBytesRead }
  var totalCompressedBytes: UInt64? { source.totalCompressedBytes }

  /// The next line without its newline (and carriage return), valid until the next call; nil at
  /// the end.
  ///
  /// - Throws: what the source throws, after all whole lines before.
  @inline(__always)
  mutating func next() throws(TraceError) -> ByteCursor? {
    let base = unsafe buffer + ByteCursor.slack
    while true {
      let unseen = filled - scanned
      if unseen > 0, let found = unsafe memchr(base + scanned, 0x0a, unseen) {
        let end = unsafe found.assumingMemoryBound(to: UInt8.self)
        return unsafe line(endingAt: end - base, next: end - base + 1)
      }
      scanned = filled
      if try !fill() { return lastLine() }
    }
  }

  @inline(__always)
  private mutating func line(endingAt lineEnd: Int, next: Int) -> ByteCursor {
    let base = unsafe buffer + ByteCursor.slack
    let begin = start
    var end = lineEnd
    bytesRead += UInt64(next - start) + elidedBytes
    isElided = elidedBytes > 0
    elidedBytes = 0
    start = next
    scanned = next
    lineNumber += 1
    if end > begin, unsafe base[end - 1] == UInt8(ascii: "\r") {
      end -= 1
      unsafe base[end] = UInt8(ascii: "\n")
    }
    current = (begin, end)
    return unsafe ByteCursor(position: base + begin, end: base + end)
  }

  /// The line last returned, once more.
  var currentLine: ByteCursor {
    let base = unsafe buffer + ByteCursor.slack
    return unsafe ByteCursor(position: base + current.start, end: base + current.end)
  }

  /// What is left without a newline at the end of the source.
  private mutating func lastLine() -> ByteCursor? {
    guard start < filled else { return nil }
    unsafe (buffer + ByteCursor.slack)[filled] = UInt8(ascii: "\n")
    isUnterminated = true
    return line(endingAt: filled, next: filled)
  }

  /// Reads more behind the unfinished line, which is first moved to the front; false at the end.
  private mutating func fill() throws(TraceError) -> Bool {
    if let error = pendingError {
      // What is left of the buffer is a line that the damage cut: it is nobody's.
      pendingError = nil
      start = filled
      sourceEnded = true
      throw error
    }
    if sourceEnded { return false }
    makeRoom()
    let room = min(capacity - filled, Self.pieceLength)
    do {
      let target = unsafe UnsafeMutableRawBufferPointer(
        start: buffer + ByteCursor.slack + filled, count: room)
      let count = unsafe try source.read(into: target)
      filled += count
      if count == 0 { sourceEnded = true }
      return count > 0
    } catch {
      pendingError = error
      return true
    }
  }

  private mutating func makeRoom() {
    let base = unsafe buffer + ByteCursor.slack
    if start > 0 {
      unsafe memmove(base, base + start, filled - start)
      filled -= start
      scanned -= start
      start = 0
    }
    if filled == capacity {
      let tail = Self.keptTail
      unsafe memmove(base + Self.keptHead, base + filled - tail, tail)
      elidedBytes += UInt64(filled - Self.keptHead - tail)
      filled = Self.keptHead + tail
      scanned = filled
    }
  }
}
