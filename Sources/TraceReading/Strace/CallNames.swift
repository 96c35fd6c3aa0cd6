import SyscallABI

/// The names of the calls that are decoded, found by their first sixteen bytes.
struct CallNames {
  private struct Slot {
    var first: UInt64 = 0
    var second: UInt64 = 0
    var name = SyscallName.mmap
    var isUsed = false
  }

  private static let size = 128
  private var slots = [Slot](repeating: Slot(), count: CallNames.size)

  init() {
    for name in SyscallName.allCases { add("\(name.text)", name) }
    // As strace 4 calls it.
    add("_exit", .exit)
  }

  private mutating func add(_ text: String, _ name: SyscallName) {
    let bytes = Array(text.utf8)
    precondition(bytes.count <= 16)
    var words: (UInt64, UInt64) = (0, 0)
    for (i, byte) in bytes.enumerated() {
      if i < 8 {
        words.0 |= UInt64(byte) << UInt64(8 * i)
      } else {
        words.1 |= UInt64(byte) << UInt64(8 * (i - 8))
      }
    }
    var index = Self.index(words.0, words.1)
    while slots[index].isUsed { index = (index + 1) % Self.size }
    slots[index] = Slot(first: words.0, second: words.1, name: name, isUsed: true)
  }

  @inline(__always)
  private static func index(_ first: UInt64, _ second: UInt64) -> Int {
    let mixed = (first ^ (second &* 0xff51_afd7_ed55_8ccd)) &* 0x9e37_79b9_7f4a_7c15
    return Int(truncatingIfNeeded: mixed >> 57)
  }

  enum Match {
    /// The name of a call that is decoded.
    case call(SyscallName)
    /// A name that is another's.
    case other
    /// No name.
    case none
  }

  /// Reads a name (letters, digits, `_`, `?`) and moves the cursor past it.
  @inline(__always)
  func take(from cursor: inout ByteCursor) -> Match {
    let word = cursor.word
    let length = SymbolTable.nameLength(word)
    if length < 8 {
      if length == 0 { return .none }
      let first = word & (1 << UInt64(8 * length) - 1)
      cursor.advance(length)
      return find(first, 0)
    }
    cursor.advance(8)
    let more = cursor.word
    let rest = SymbolTable.nameLength(more)
    cursor.advance(rest)
    if rest < 8 { return find(word, more & (1 << UInt64(8 * rest) - 1)) }
    var isLonger = false
    while true {
      let length = SymbolTable.nameLength(cursor.word)
      if length == 0 { break }
      isLonger = true
      cursor.advance(length)
    }
    return isLonger ? .other : find(word, more)
  }

  @inline(__always)
  private func find(_ first: UInt64, _ second: UInt64) -> Match {
    var index = Self.index(first, second)
    while slots[index].isUsed {
      if slots[index].first == first && slots[index].second == second {
        return .call(slots[index].name)
      }
      index = (index + 1) % Self.size
    }
    return .other
  }
}
