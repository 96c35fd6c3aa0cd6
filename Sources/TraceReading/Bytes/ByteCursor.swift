// This file uses unsafe pointers because a bounds-checked byte loop costs four times the scan of
// a line by words. What makes it safe:
//   - a cursor is made only over memory whose byte at `end` is a newline and in which
//     `ByteCursor.slack` bytes can be read before `start` and after `end` (the line buffers
//     guarantee both), so that words may be loaded anywhere in the line without a check;
//   - a cursor never moves past `end`: `advance` is clamped, and `pass` is for bytes that were just
//     seen to be no newline, so that `end` is not among them;
//   - a cursor is never kept after the line it walks over: only the decoder's call stack holds it.
// Whoever changes this file keeps these three.

import Glibc

/// A position in one line of text.
///
/// Reading at the end gives a newline, which no rule of the format accepts inside a line.
@safe
struct ByteCursor: BitwiseCopyable {
  private(set) var position: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>

  /// The bytes that can be read before and after a line.
  static let slack = 64

  /// - Precondition: the rules at the top of this file.
  @unsafe
  @inline(__always)
  init(position: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) {
    unsafe self.position = position
    unsafe self.end = end
  }

  /// The byte here; a newline at the end.
  @inline(__always)
  var byte: UInt8 { unsafe position.pointee }

  /// The eight bytes from here on, the first in the lowest bits; they may reach over the end.
  @inline(__always)
  var word: UInt64 { unsafe UnsafeRawPointer(position).loadUnaligned(as: UInt64.self) }

  /// The eight bytes from `offset` on, which must be within the slack of the line.
  @inline(__always)
  func word(at offset: Int) -> UInt64 {
    assert(unsafe offset >= -Self.slack && offset <= end - position + Self.slack - 8)
    return unsafe UnsafeRawPointer(position + offset).loadUnaligned(as: UInt64.self)
  }

  /// The byte `offset` further; a newline beyond the end.
  @inline(__always)
  func byte(at offset: Int) -> UInt8 {
    unsafe offset < end - position ? position[offset] : UInt8(ascii: "\n")
  }

  /// The byte before this one; there is always one (`slack`).
  @inline(__always)
  var previousByte: UInt8 { unsafe (position - 1).pointee }

  @inline(__always)
  var isAtEnd: Bool { unsafe position == end }

  /// The number of bytes up to the end.
  @inline(__always)
  var count: Int { unsafe end - position }

  /// Moves on by `count` bytes, at most to the end.
  @inline(__always)
  mutating func advance(_ count: Int = 1) {
    unsafe position = count <= end - position ? position + count : end
  }

  /// Moves on by `count` bytes none of which is a newline, as the caller has just seen.
  @inline(__always)
  mutating func pass(_ count: Int) {
    assert(unsafe count <= end - position)
    unsafe position += count
  }

  /// The number of bytes from `start`, an earlier position in the same line, to here.
  @inline(__always)
  func distance(from start: ByteCursor) -> Int { unsafe position - start.position }

  /// The bytes from here up to `other`, a later position in the same line.
  @inline(__always)
  func slice(to other: ByteCursor) -> ByteSlice {
    assert(unsafe position <= other.position)
    return unsafe ByteSlice(start: position, count: other.position - position)
  }

  /// All bytes up to the end.
  var rest: ByteSlice { unsafe ByteSlice(start: position, count: end - position) }

  /// Moves past `byte` if it is the next one.
  @inline(__always)
  mutating func take(_ byte: UInt8) -> Bool {
    guard self.byte == byte, !isAtEnd else { return false }
    pass(1)
    return true
  }

  /// Whether `text`, which has no newline in it, is what follows.
  @inline(__always)
  func starts(with text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard length <= count else { return false }
    let bytes = unsafe text.utf8Start
    for i in 0..<length where unsafe position[i] != bytes[i] { return false }
    return true
  }

  /// Moves past `text` if it is what follows.
  @inline(__always)
  mutating func take(_ text: StaticString) -> Bool {
    guard starts(with: text) else { return false }
    pass(text.utf8CodeUnitCount)
    return true
  }

  @inline(__always)
  mutating func skipBlanks() {
    while byte == UInt8(ascii: " ") {
      let blanks = ((word ^ 0x2020_2020_2020_2020).trailingZeroBitCount) >> 3
      advance(blanks)
    }
  }

  /// Moves to the next `byte`, or to the end; false in the latter case.
  mutating func skip(to byte: UInt8) -> Bool {
    while !isAtEnd {
      if self.byte == byte { return true }
      advance()
    }
    return false
  }

  /// The position of the first `text` from here on.
  ///
  /// - Complexity: O(n · m) at worst; for short texts in lines that failed to decode.
  func find(_ text: StaticString) -> ByteCursor? {
    var cursor = self
    let first = unsafe text.utf8Start.pointee
    while cursor.skip(to: first) {
      if cursor.starts(with: text) { return cursor }
      cursor.advance()
    }
    return nil
  }

  /// The position of the last `text` from here on.
  func findLast(_ text: StaticString) -> ByteCursor? {
    var cursor = unsafe ByteCursor(position: end, end: end)
    while unsafe cursor.position > position {
      unsafe cursor.position -= 1
      if cursor.starts(with: text) { return cursor }
    }
    return nil
  }

  /// The last byte of the line; a newline if it is empty.
  var lastByte: UInt8 { unsafe isAtEnd ? UInt8(ascii: "\n") : (end - 1).pointee }
}

/// Some bytes of a line. Lives as long as the line.
@safe
struct ByteSlice: BitwiseCopyable {
  let start: UnsafePointer<UInt8>
  let count: Int

  @unsafe
  @inline(__always)
  init(start: UnsafePointer<UInt8>, count: Int) {
    unsafe self.start = start
    self.count = count
  }

  @inline(__always)
  subscript(index: Int) -> UInt8 {
    precondition(index >= 0 && index < count)
    return unsafe start[index]
  }

  var bytes: UnsafeBufferPointer<UInt8> {
    @unsafe get { unsafe UnsafeBufferPointer(start: start, count: count) }
  }

  /// A copy.
  var array: [UInt8] { unsafe Array(bytes) }

  /// The text; bytes that are not UTF-8 are replaced.
  var text: String { unsafe String(decoding: bytes, as: UTF8.self) }

  /// Appends the bytes to `array`.
  func append(to array: inout [UInt8]) { unsafe array.append(contentsOf: bytes) }

  func hasSuffix(_ text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard length <= count else { return false }
    for i in 0..<length where unsafe start[count - length + i] != text.utf8Start[i] {
      return false
    }
    return true
  }

  /// The first `count` bytes.
  func prefix(_ count: Int) -> ByteSlice {
    unsafe ByteSlice(start: start, count: min(count, self.count))
  }

  func dropFirst(_ count: Int) -> ByteSlice {
    let dropped = min(count, self.count)
    return unsafe ByteSlice(start: start + dropped, count: self.count - dropped)
  }

  /// Whether `array` from `offset` on holds the same bytes.
  @inline(__always)
  func equals(_ array: [UInt8], at offset: Int) -> Bool {
    guard offset + count <= array.count else { return false }
    return unsafe array.withUnsafeBufferPointer { other in
      unsafe count == 0 || memcmp(start, other.baseAddress! + offset, count) == 0
    }
  }

  /// A hash of the bytes, by words; they lie in a line, so eight bytes more can be read.
  @inline(__always)
  var hash: UInt64 {
    var hash = UInt64(truncatingIfNeeded: count) &* 0x9e37_79b9_7f4a_7c15
    var i = 0
    while i < count {
      var word = unsafe UnsafeRawPointer(start + i).loadUnaligned(as: UInt64.self)
      if count - i < 8 { word &= (1 << (UInt64(count - i) * 8)) - 1 }
      hash = (hash ^ word) &* 0xff51_afd7_ed55_8ccd
      hash ^= hash >> 32
      i += 8
    }
    return hash
  }
}
