/// What repeated measurements of one thing say.
public struct SampleStatistics: Sendable {
  /// In rising order.
  public let sorted: [Double]

  /// - Precondition: there is at least one sample.
  public init(_ samples: [Double]) {
    precondition(!samples.isEmpty)
    sorted = samples.sorted()
  }

  public var median: Double {
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2)
      ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }

  /// The samples between which the true median lies in 95 of 100 cases; no distribution is assumed.
  public var interval: (low: Double, high: Double) {
    let count = Double(sorted.count)
    let spread = 1.96 * count.squareRoot() / 2
    let low = max(Int((count / 2 - spread).rounded(.down)), 0)
    let high = min(Int((count / 2 + spread).rounded(.up)), sorted.count - 1)
    return (sorted[low], sorted[high])
  }

  /// Whether the two sets of samples differ by more than chance would make them in `level` of all
  /// cases: the Mann-Whitney test, two-sided, with the correction for ties.
  public func differs(from other: SampleStatistics, level: Double = 0.05) -> Bool {
    guard let score = standardScore(against: other) else { return false }
    // The normal distribution is fair from eight samples a side on.
    let critical = level <= 0.001 ? 3.291 : level <= 0.01 ? 2.576 : 1.96
    return score.magnitude > critical
  }

  /// How many standard deviations the rank sum is above what it would be if both were the same;
  /// nil if all samples are equal.
  public func standardScore(against other: SampleStatistics) -> Double? {
    let (mine, theirs) = (Double(sorted.count), Double(other.sorted.count))
    let total = mine + theirs
    var all: [(value: Double, isMine: Bool)] = sorted.map { ($0, true) }
    all += other.sorted.map { ($0, false) }
    all.sort { $0.value < $1.value }
    var rankSum = 0.0
    var ties = 0.0
    var first = 0
    while first < all.count {
      var last = first
      while last + 1 < all.count && all[last + 1].value == all[first].value { last += 1 }
      let rank = Double(first + last) / 2 + 1
      for sample in all[first...last] where sample.isMine { rankSum += rank }
      let length = Double(last - first + 1)
      ties += length * length * length - length
      first = last + 1
    }
    let statistic = rankSum - mine * (mine + 1) / 2
    let variance = mine * theirs / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0 { return nil }
    return (statistic - mine * theirs / 2) / variance.squareRoot()
  }
}
