// Unsafe because it hands out pointers into its memory. What makes it safe: the memory has
// `ByteCursor.slack` bytes before and after the text and a newline at its end, it is owned by this
// buffer alone, and a cursor is used before the next `assign` only (the decoder passes it down the
// stack and never stores it).

/// Memory for one line that is put together from parts. Keeps its memory; never shrinks.
@safe
struct LineBuffer: ~Copyable {
  private var memory: UnsafeMutablePointer<UInt8>
  private var capacity: Int

  init() {
    capacity = 1024
    unsafe memory = Self.allocate(capacity)
  }

  deinit { unsafe memory.deallocate() }

  @unsafe
  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<UInt8> {
    let size = capacity + 2 * ByteCursor.slack
    let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
    unsafe memory.initialize(repeating: UInt8(ascii: "\n"), count: size)
    return unsafe memory
  }

  /// Makes `head` and `tail`, one behind the other, the text; returns a cursor at its start.
  mutating func assign(_ head: [UInt8], _ tail: ByteSlice) -> ByteCursor {
    let count = head.count + tail.count
    reserve(count)
    let base = unsafe memory + ByteCursor.slack
    unsafe head.withUnsafeBufferPointer { bytes in
      if let start = bytes.baseAddress {
        unsafe base.update(from: start, count: bytes.count)
      }
    }
    unsafe (base + head.count).update(from: tail.start, count: tail.count)
    unsafe base[count] = UInt8(ascii: "\n")
    return unsafe ByteCursor(position: base, end: base + count)
  }

  /// Makes `text` the text; returns a cursor at its start.
  mutating func assign(_ text: [UInt8]) -> ByteCursor {
    // The empty tail must not be inside memory that `reserve` gives back.
    reserve(text.count)
    return unsafe assign(text, ByteSlice(start: memory, count: 0))
  }

  private mutating func reserve(_ count: Int) {
    guard count > capacity else { return }
    unsafe memory.deallocate()
    capacity = count + count / 2
    unsafe memory = Self.allocate(capacity)
  }
}
