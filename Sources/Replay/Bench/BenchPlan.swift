public import SyscallABI

/// What is to be timed: on which VMAs, with which lookups.
public struct BenchPlan {
  public var layout: BenchLayout
  public var lookups: [Address]
  /// Where the calls of the trace look; empty without one.
  public var traceLookups: [Address]
  /// The order in which VMAs are inserted, removed and split.
  public var order: [Int]
  /// How many copies of its picture a merge case is timed on.
  public var mergeCopies: Int
  public var trace: BenchTrace?

  /// So many calls of a long trace are enough for its lookups.
  private static let mostTraceLookups = 200_000

  /// Making more would take longer than everything else.
  private static let mostMergeCopies = 1 << 16

  public init(layout: BenchLayout, lookups: [Address], trace: BenchTrace?, seed: UInt64) {
    self.layout = layout
    self.lookups = lookups
    self.trace = trace
    traceLookups = Array((trace?.addresses ?? []).prefix(Self.mostTraceLookups))
    var numbers = SeededNumbers(seed: seed)
    order = layout.ranges.indices.shuffled(using: &numbers)
    mergeCopies = min(max(layout.ranges.count / 3, 8), Self.mostMergeCopies)
  }

  /// The order in which merges are made at the copies of their picture.
  var mergeOrder: [Int] {
    order.filter { $0 < mergeCopies }
      + Array(order.count..<max(mergeCopies, order.count))
  }

  /// A walk along a list of thousands needs fewer lookups to be timed well.
  func forList() -> BenchPlan {
    var plan = self
    let affordable = max(20_000_000 / max(layout.ranges.count, 1), 200)
    plan.lookups = Array(lookups.prefix(affordable))
    plan.traceLookups = Array(traceLookups.prefix(affordable))
    return plan
  }
}
