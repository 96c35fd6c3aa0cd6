internal import CPrefetch

/// An array of 64-bit words in whole cache lines, for indexes that search many keys at once.
///
/// Keys that are searched must be below 2^63: `countOfSixteen` takes the sign of a difference, so
/// that it needs no branch.
///
/// Unsafe code stands here because a generic array cannot be aligned to cache lines and because
/// half-words are stored between words. It is safe because every access is checked against
/// `capacity`, because no pointer leaves this file, and because every word is initialised at all
/// times.
@safe
struct WordArray: ~Copyable {
  private var memory: GrowingMemory

  @inline(__always)
  private var base: UnsafeMutablePointer<UInt64> {
    unsafe memory.base.assumingMemoryBound(to: UInt64.self)
  }

  /// In words; a multiple of a cache line.
  @inline(__always)
  var capacity: Int { memory.byteCount &>> 3 }

  /// - Parameter capacity: rounded up to cache lines.
  /// - Complexity: O(`capacity`).
  init(capacity: Int, filler: UInt64) {
    memory = GrowingMemory(byteCount: capacity * 8)
    fill(from: 0, filler)
  }

  @inline(__always)
  subscript(word: Int) -> UInt64 {
    get {
      precondition(UInt(bitPattern: word) < UInt(bitPattern: capacity))
      return unsafe base[word]
    }
    set {
      precondition(UInt(bitPattern: word) < UInt(bitPattern: capacity))
      unsafe base[word] = newValue
    }
  }

  /// The same memory in units of four bytes: half-word 2 *i* is the lower half of word *i*.
  @inline(__always)
  subscript(half half: Int) -> UInt32 {
    get {
      precondition(UInt(bitPattern: half) < UInt(bitPattern: capacity) &* 2)
      return unsafe UnsafeRawPointer(base).load(fromByteOffset: half &* 4, as: UInt32.self)
    }
    set {
      precondition(UInt(bitPattern: half) < UInt(bitPattern: capacity) &* 2)
      unsafe UnsafeMutableRawPointer(base).storeBytes(
        of: newValue, toByteOffset: half &* 4, as: UInt32.self)
    }
  }

  /// A row of three columns that stand one behind the other from `word` on, two of sixteen words
  /// and one of sixteen half-words.
  @inline(__always)
  func row(_ row: Int, in word: Int) -> (first: UInt64, second: UInt64, third: UInt32) {
    precondition(word >= 0 && word &+ 40 <= capacity && UInt(bitPattern: row) < 16)
    let halves = unsafe UnsafeRawPointer(base + (word &+ 32))
    return unsafe (
      base[word &+ row], base[word &+ row &+ 16],
      halves.load(fromByteOffset: row &* 4, as: UInt32.self)
    )
  }

  /// One of the sixteen half-words behind the sixteen words from `word` on.
  @inline(__always)
  func half(_ index: Int, behindSixteenFrom word: Int) -> UInt32 {
    precondition(word >= 0 && word &+ 24 <= capacity && UInt(bitPattern: index) < 16)
    return unsafe UnsafeRawPointer(base + (word &+ 16)).load(
      fromByteOffset: index &* 4, as: UInt32.self)
  }

  /// How many of the sixteen words from `word` on are at most `key`.
  ///
  /// - Precondition: the words are in ascending order and below 2^63.
  @inline(__always)
  borrowing func countOfSixteen(at word: Int, atMost key: UInt64) -> Int {
    precondition(word >= 0 && word &+ 16 <= capacity)
    let limit = key &+ 1
    // First which quarter, then how many of it, each by numbers that do not wait for each other.
    let words = unsafe base + word
    let quarter =
      unsafe Int(
        truncatingIfNeeded: (words[3] &- limit) &>> 63 &+ (words[7] &- limit) &>> 63
          &+ (words[11] &- limit) &>> 63) &* 4
    let four = unsafe words + quarter
    return unsafe quarter
      &+ Int(
        truncatingIfNeeded: (four[0] &- limit) &>> 63 &+ (four[1] &- limit) &>> 63
          &+ (four[2] &- limit) &>> 63 &+ (four[3] &- limit) &>> 63)
  }

  /// Begins to fetch all cache lines of `count` words from `word` on, where a line begins.
  @inline(__always)
  func prefetch(_ word: Int, count: Int) {
    precondition(word >= 0 && word &+ count <= capacity)
    for line in 0..<count &>> 3 { unsafe prefetch_line(base + (word &+ line &* 8)) }
  }

  /// In three columns that stand one behind the other from `word` on, two of sixteen words and one
  /// of sixteen half-words, of which the first `count` rows are in use: moves the rows from `row`
  /// on up by one.
  @inline(__always)
  mutating func openGap(in word: Int, at row: Int, of count: Int) {
    precondition(word >= 0 && word &+ 40 <= capacity)
    precondition(row >= 0 && row <= count && count < 16)
    let rows = count &- row
    if rows == 0 { return }
    let first = word &+ row
    let firstHalf = (word &+ 32) &* 8 &+ row &* 4
    let words = unsafe base + first
    let halves = unsafe UnsafeMutableRawPointer(base) + firstHalf
    unsafe (words + 1).update(from: words, count: rows)
    unsafe (words + 17).update(from: words + 16, count: rows)
    unsafe (halves + 4).copyMemory(from: halves, byteCount: rows &* 4)
  }

  /// In such columns, moves the rows above `row` down by one.
  @inline(__always)
  mutating func closeGap(in word: Int, at row: Int, of count: Int) {
    precondition(word >= 0 && word &+ 40 <= capacity)
    precondition(row >= 0 && row < count && count <= 16)
    let rows = count &- row &- 1
    if rows == 0 { return }
    let first = word &+ row
    let firstHalf = (word &+ 32) &* 8 &+ row &* 4
    let words = unsafe base + first
    let halves = unsafe UnsafeMutableRawPointer(base) + firstHalf
    unsafe words.update(from: words + 1, count: rows)
    unsafe (words + 16).update(from: words + 17, count: rows)
    unsafe halves.copyMemory(from: halves + 4, byteCount: rows &* 4)
  }

  /// Moves words within the array; source and target may overlap.
  @inline(__always)
  mutating func moveWords(from source: Int, to target: Int, count: Int) {
    precondition(
      min(source, target, count) >= 0 && max(source, target) &+ count <= capacity)
    unsafe (base + target).update(from: base + source, count: count)
  }

  /// Moves half-words within the array; source and target may overlap.
  @inline(__always)
  mutating func moveHalves(from source: Int, to target: Int, count: Int) {
    precondition(
      min(source, target, count) >= 0 && max(source, target) &+ count <= capacity &* 2)
    let bytes = unsafe UnsafeMutableRawPointer(base)
    unsafe (bytes + target &* 4).copyMemory(from: bytes + source &* 4, byteCount: count &* 4)
  }

  /// Sets words to one value.
  mutating func set(_ range: Range<Int>, to value: UInt64) {
    precondition(range.lowerBound >= 0 && range.upperBound <= capacity)
    unsafe (base + range.lowerBound).update(repeating: value, count: range.count)
  }

  /// Makes room for `words` words; new ones hold `filler`.
  ///
  /// - Complexity: amortised O(1) per word.
  @inline(__always)
  mutating func ensure(_ words: Int, filler: UInt64) {
    if words > capacity { grow(to: words, filler: filler) }
  }

  @inline(never)
  private mutating func grow(to words: Int, filler: UInt64) {
    let used = capacity
    memory.grow(to: max(words * 8, memory.nextByteCount(doublingBelow: 256 * 8)))
    fill(from: used, filler)
  }

  private mutating func fill(from used: Int, _ filler: UInt64) {
    unsafe memory.base.bindMemory(to: UInt64.self, capacity: capacity)
    unsafe (base + used).initialize(repeating: filler, count: capacity - used)
  }

  /// A copy of all words.
  ///
  /// - Complexity: O(`capacity`).
  borrowing func copy() -> WordArray { WordArray(copying: self) }

  private init(copying source: borrowing WordArray) {
    memory = GrowingMemory(byteCount: source.memory.byteCount)
    unsafe memory.base.bindMemory(to: UInt64.self, capacity: capacity)
    unsafe base.initialize(from: source.base, count: source.capacity)
  }

  /// The memory held, in bytes.
  var bytes: Int { memory.byteCount }
}

// SAFETY: the memory is reachable through this value only, which cannot be copied.
extension WordArray: @unchecked Sendable {}
