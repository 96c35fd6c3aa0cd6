/// The summaries of processes that are over: of millions, those with the most VMAs at their peak.
///
/// Of the others only the total knows, so that a log of millions of processes needs megabytes.
struct SummaryTable {
  /// So many are kept.
  static let limit = 1024

  private var summaries: [ProcessSummary] = []
  /// Beside `summaries`: how large it is, and the number of its end.
  private var ranks: [(size: Int, end: Int)] = []
  private var ends = 0
  /// The slot of the next one to go; nil if that is to be found anew.
  private var smallest: Int?

  /// How many processes were left out.
  var omitted: Int { ends - summaries.count }

  /// - Parameter size: of two with the same the first stays.
  /// - Complexity: O(1), O(`limit`) for one that takes another's place.
  mutating func add(_ summary: ProcessSummary, size: Int) {
    ends += 1
    if summaries.count < Self.limit {
      // Summaries are large: few are not to take the room of many, and many are not to be moved.
      if summaries.count == 128 { summaries.reserveCapacity(Self.limit) }
      summaries.append(summary)
      ranks.append((size, ends))
      return
    }
    let slot = smallest ?? slotOfSmallest
    smallest = slot
    guard size > ranks[slot].size else { return }
    summaries[slot] = summary
    ranks[slot] = (size, ends)
    smallest = nil
  }

  private var slotOfSmallest: Int {
    var slot = 0
    for other in ranks.indices
    where (ranks[other].size, -ranks[other].end) < (ranks[slot].size, -ranks[slot].end) {
      slot = other
    }
    return slot
  }

  var inOrderOfEnds: [ProcessSummary] {
    ranks.indices.sorted { ranks[$0].end < ranks[$1].end }.map { summaries[$0] }
  }
}
