import AddressSpaces
import SyscallABI
import TestSupport

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

/// The test generator as the standard library wants it.
struct SeededGenerator: RandomNumberGenerator {
  private var numbers: SplitMix64

  init(seed: UInt64) { numbers = SplitMix64(state: seed) }

  mutating func next() -> UInt64 { numbers.next() }
}
