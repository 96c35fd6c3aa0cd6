import AddressSpaces
import SyscallABI

/// VMAs in a plain array: too simple to be wrong.
struct ReferenceIndex {
  private(set) var entries: [VMAEntry] = []

  /// The number of VMAs that end at or below `address`.
  func position(_ address: Address) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The nil entry outside of the array.
  subscript(position: Int) -> VMAEntry {
    entries.indices.contains(position) ? entries[position] : .none
  }

  mutating func insert(_ entry: VMAEntry) {
    entries.insert(entry, at: position(entry.start))
  }

  mutating func remove(at position: Int) { entries.remove(at: position) }

  mutating func setRange(at position: Int, _ range: AddressRange) {
    entries[position].start = range.start
    entries[position].end = range.end
  }
}

/// Numbers that look random and are the same for the same seed.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
