import SyscallABI

/// Values of whole words of flags (`PROT_READ|PROT_WRITE`) by their bytes.
///
/// A log repeats a few dozen of them: comparing one with the last that had its hash is a third of
/// the time of looking its names up. A word that is longer or newer is read name by name.
///
/// In front of that, the common words of up to 39 bytes are compared without a loop or a branch
/// that depends on their length.
struct FlagMemo {
  private static let words = 8

  /// A word and the byte behind it, which ends it, under a mask.
  private struct Recent {
    var text: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
    var mask: (UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0)
    var value: UInt64 = 0
    var length = 0
    /// What no word of names can equal until the slot is used.
    var kind = SymbolKind.none
  }

  private static let recentLength = 39
  private var recent = [Recent](repeating: Recent(), count: 64)

  private struct Slot {
    /// The bytes of the word, zeros behind them.
    var text = InlineArray<8, UInt64>(repeating: 0)
    var value: UInt64 = 0
    var length = 0
    var kind = SymbolKind.none
  }

  private static let size = 256
  private var slots = [Slot](repeating: Slot(), count: FlagMemo.size)

  /// Reads a word of names joined by `|`, which a `,` or `)` must follow; nil for anything else.
  ///
  /// The cursor moves behind the word only if it is read.
  @inline(__always)
  mutating func take(
    _ kind: SymbolKind, from cursor: inout ByteCursor, _ symbols: borrowing SymbolTable
  ) -> UInt64? {
    let index = Self.recentIndex(kind, cursor)
    let slot = recent[index]
    let difference =
      (cursor.word ^ slot.text.0) & slot.mask.0
      | (cursor.word(at: 8) ^ slot.text.1) & slot.mask.1
      | (cursor.word(at: 16) ^ slot.text.2) & slot.mask.2
      | (cursor.word(at: 24) ^ slot.text.3) & slot.mask.3
      | (cursor.word(at: 32) ^ slot.text.4) & slot.mask.4
    if difference == 0 && slot.kind == kind {
      cursor.pass(slot.length)
      return slot.value
    }
    return takeOther(kind, from: &cursor, symbols, index)
  }

  /// Which slot a word at the cursor has if it is a recent one. The bytes behind a short word
  /// count too: they are nearly always the same.
  @inline(__always)
  private static func recentIndex(_ kind: SymbolKind, _ cursor: ByteCursor) -> Int {
    var mixed = cursor.word ^ (cursor.word(at: 8) &* 0xff51_afd7_ed55_8ccd)
    // The words of mmap differ late: `MAP_PRIVATE|MAP_ANONYMOUS` is how most of them begin.
    if kind == .map { mixed ^= cursor.word(at: 24) &* 0xc4ce_b9fe_1a85_ec53 }
    return Int(truncatingIfNeeded: (mixed &* 0x9e37_79b9_7f4a_7c15) >> 58)
  }

  @inline(never)
  private mutating func takeOther(
    _ kind: SymbolKind, from cursor: inout ByteCursor, _ symbols: borrowing SymbolTable,
    _ recentIndex: Int
  ) -> UInt64? {
    let start = cursor
    guard let value = takeHashed(kind, from: &cursor, symbols) else { return nil }
    let length = cursor.distance(from: start)
    if length <= Self.recentLength {
      recent[recentIndex] = Self.recent(kind, start, length, value)
    }
    return value
  }

  private static func recent(
    _ kind: SymbolKind, _ cursor: ByteCursor, _ length: Int, _ value: UInt64
  ) -> Recent {
    func mask(_ index: Int) -> UInt64 {
      let bytes = length + 1 - 8 * index
      return bytes <= 0 ? 0 : bytes >= 8 ? .max : (1 << UInt64(8 * bytes)) - 1
    }
    var slot = Recent()
    slot.mask = (mask(0), mask(1), mask(2), mask(3), mask(4))
    slot.text = (
      cursor.word, cursor.word(at: 8), cursor.word(at: 16), cursor.word(at: 24),
      cursor.word(at: 32)
    )
    slot.value = value
    slot.length = length
    slot.kind = kind
    return slot
  }

  private mutating func takeHashed(
    _ kind: SymbolKind, from cursor: inout ByteCursor, _ symbols: borrowing SymbolTable
  ) -> UInt64? {
    var hash = UInt64(kind.rawValue)
    var length = 0
    while true {
      let word = cursor.word(at: length)
      let count = Self.wordLength(word)
      length += count
      if count < 8 {
        hash = (hash ^ (word & ((1 << UInt64(8 * count)) - 1))) &* 0x9e37_79b9_7f4a_7c15
        break
      }
      hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash >> 29
      if length >= 8 * Self.words { return nil }
    }
    let index = Int(truncatingIfNeeded: hash >> 56)
    if slots[index].length == length && slots[index].kind == kind
      && matches(index, cursor, length)
    {
      let value = slots[index].value
      cursor.pass(length)
      return value
    }
    return add(kind, from: &cursor, length: length, at: index, symbols)
  }

  @inline(__always)
  private func matches(_ index: Int, _ cursor: ByteCursor, _ length: Int) -> Bool {
    var i = 0
    while i &* 8 < length {
      var word = cursor.word(at: i &* 8)
      let rest = length &- i &* 8
      if rest < 8 { word &= (1 << UInt64(8 &* rest)) &- 1 }
      if slots[index].text[i] != word { return false }
      i &+= 1
    }
    return true
  }

  /// The number of bytes (0 to 8) at the start of `word` that can be in a word of names: not a
  /// blank, comma or parenthesis.
  @inline(__always)
  private static func wordLength(_ word: UInt64) -> Int {
    let high: UInt64 = 0x8080_8080_8080_8080
    let other = (~((word & ~high) &+ 0x5050_5050_5050_5050) | word) & high
    return other.trailingZeroBitCount >> 3
  }

  @inline(never)
  private mutating func add(
    _ kind: SymbolKind, from cursor: inout ByteCursor, length: Int, at index: Int,
    _ symbols: borrowing SymbolTable
  ) -> UInt64? {
    if length == 0 { return nil }
    let start = cursor
    var value: UInt64 = 0
    repeat {
      guard let bits = symbols.take(kind, from: &cursor) else {
        cursor = start
        return nil
      }
      value |= bits
    } while cursor.take(UInt8(ascii: "|"))
    if cursor.distance(from: start) != length {
      cursor = start
      return nil
    }
    slots[index].length = length
    slots[index].kind = kind
    slots[index].value = value
    for i in 0..<Self.words where i * 8 < length {
      var word = start.word(at: i * 8)
      if length - i * 8 < 8 { word &= (1 << UInt64(8 * (length - i * 8))) - 1 }
      slots[index].text[i] = word
    }
    return value
  }
}
