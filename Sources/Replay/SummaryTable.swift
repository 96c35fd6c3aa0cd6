/// The summaries of processes that are over: of millions, those with the most VMAs at their peak.
///
/// Of the others only the total knows, so that a log of millions of processes needs megabytes.
struct SummaryTable {
  /// So many are kept.
  static let limit = 1024

  private var summaries: [ProcessSummary] = []
  /// Beside `summaries`; the next one to go has the smallest.
  private var ranks: [Rank] = []
  private var ends = 0
  /// The slot of the next one to go; nil if that is to be found anew.
  private var smallest: Int?

  /// How large it is, and of equals the earlier one above the later: one number, since that of a
  /// thousand which is the smallest is asked often.
  private struct Rank: Comparable {
    private var rawValue: UInt64

    init(size: Int, end: Int) {
      rawValue = UInt64(UInt32(clamping: size)) << 32 | UInt64(~UInt32(clamping: end))
    }

    /// Counted over all processes.
    var end: UInt32 { ~UInt32(truncatingIfNeeded: rawValue) }

    static func < (a: Rank, b: Rank) -> Bool { a.rawValue < b.rawValue }
  }

  /// How many processes were left out.
  var omitted: Int { ends - summaries.count }

  /// - Parameter size: of two with the same the first stays.
  /// - Complexity: O(1), O(`limit`) for one that takes another's place.
  mutating func add(_ summary: ProcessSummary, size: Int) {
    ends += 1
    let rank = Rank(size: size, end: ends)
    if summaries.count < Self.limit {
      // Summaries are large: few are not to take the room of many, and many are not to be moved.
      if summaries.count == 128 { summaries.reserveCapacity(Self.limit) }
      summaries.append(summary)
      ranks.append(rank)
      return
    }
    let slot = smallest ?? slotOfSmallest
    smallest = slot
    guard rank > ranks[slot] else { return }
    summaries[slot] = summary
    ranks[slot] = rank
    smallest = nil
  }

  private var slotOfSmallest: Int {
    let smallest = ranks.min()
    return ranks.firstIndex { $0 == smallest } ?? 0
  }

  var inOrderOfEnds: [ProcessSummary] {
    ranks.indices.sorted { ranks[$0].end < ranks[$1].end }.map { summaries[$0] }
  }
}
