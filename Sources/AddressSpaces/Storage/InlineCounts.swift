/// Counters without an allocation.
struct InlineCounts<let size: Int>: Hashable, Sendable {
  private var counts = InlineArray<size, UInt64>(repeating: 0)

  subscript(index: Int) -> UInt64 {
    get { counts[index] }
    _modify { yield &counts[index] }
  }

  mutating func add(_ other: InlineCounts) {
    for index in counts.indices { counts[index] += other.counts[index] }
  }

  static func == (a: InlineCounts, b: InlineCounts) -> Bool {
    a.counts.indices.allSatisfy { a.counts[$0] == b.counts[$0] }
  }

  func hash(into hasher: inout Hasher) {
    for index in counts.indices { hasher.combine(counts[index]) }
  }
}
