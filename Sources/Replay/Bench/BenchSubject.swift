import AddressSpaces
public import SyscallABI

/// What is to be timed: on which VMAs, with which lookups.
public struct BenchPlan {
  public var layout: BenchLayout
  public var lookups: [Address]
  /// The order in which VMAs are inserted, removed and split.
  public var order: [Int]
  /// How many copies of its picture a merge case is timed on.
  public var mergeCopies: Int
  public var trace: BenchTrace?

  public init(layout: BenchLayout, lookups: [Address], trace: BenchTrace?, seed: UInt64) {
    self.layout = layout
    self.lookups = lookups
    self.trace = trace
    var numbers = SeededNumbers(seed: seed)
    order = layout.ranges.indices.shuffled(using: &numbers)
    mergeCopies = max(layout.ranges.count / 3, 8)
  }
}

/// One index under test. The choice of an index is made per round, not per operation.
protocol BenchSubject: AnyObject {
  /// Runs an operation once for all its inputs.
  ///
  /// - Returns: the operations done, and a sum of what they found, which must be the same on every
  ///   index.
  func run(_ operation: BenchOperation, clock: () -> UInt64) -> BenchRun
  var counts: BenchCounts { get }
}

struct BenchRun {
  var operations: Int
  /// In nanoseconds.
  var time: UInt64
  var answer: UInt64
}

/// What is the same on every machine and in every run.
public struct BenchCounts: Hashable, Sendable {
  /// Nodes looked at by all lookups together.
  public var probes = 0
  public var lookups = 0
  /// The index itself, with all VMAs in it.
  public var bytes = 0
  public var vmas = 0
}

final class IndexSubject<Index: VMAIndex & ~Copyable>: BenchSubject {
  private let plan: BenchPlan
  private var full: Index
  private var cached: MmapCache<Index>

  init(_ plan: BenchPlan) {
    self.plan = plan
    // Ascending, since a sorted array takes forever otherwise.
    full = Self.filled(plan.layout.ranges, order: Array(plan.layout.ranges.indices))
    cached = MmapCache(base: full.copy())
  }

  private static func filled(_ ranges: [AddressRange], order: [Int]) -> Index {
    var index = Index()
    _ = insertAll(ranges, order, &index)
    return index
  }

  @inline(never)
  private static func insertAll(
    _ ranges: [AddressRange], _ order: [Int], _ index: inout Index
  ) -> UInt64 {
    for position in order {
      let range = ranges[position]
      index.insert(
        VMA.Handle(slot: UInt32(position + 1)), range, between: index.findPrepare(range.start))
    }
    return UInt64(index.count)
  }

  var counts: BenchCounts {
    var counts = BenchCounts()
    counts.lookups = plan.lookups.count
    for address in plan.lookups { counts.probes += full.nodesProbed(for: address) }
    counts.bytes = full.bytes
    counts.vmas = full.count
    return counts
  }

  func run(_ operation: BenchOperation, clock: () -> UInt64) -> BenchRun {
    switch operation {
    case .find: timed(plan.lookups.count, clock) { find(&full) }
    case .findCached: timed(plan.lookups.count, clock) { find(&cached) }
    case .prepare: timed(plan.lookups.count, clock) { prepare() }
    case .insert: insert(clock)
    case .remove: remove(clock)
    case .split: split(clock)
    case .refused, .merge: merge(operation, clock)
    case .replay: replay(clock)
    }
  }

  private func timed(_ operations: Int, _ clock: () -> UInt64, _ body: () -> UInt64) -> BenchRun {
    let start = clock()
    let answer = body()
    return BenchRun(operations: operations, time: clock() &- start, answer: answer)
  }

  /// Every lookup waits for the result of the one before, as a program's do.
  @inline(never)
  private func find<Searched: VMAIndex & ~Copyable>(_ index: inout Searched) -> UInt64 {
    var sum: UInt64 = 0
    var last: UInt64 = 0
    for address in plan.lookups {
      // Zero, since no sum of page addresses is odd; the compiler does not know.
      let found = index.find(address &+ (last & 1))
      last = found.isNone ? 0 : found.start.rawValue ^ found.end.rawValue
      sum &+= last
    }
    return sum
  }

  @inline(never)
  private func prepare() -> UInt64 {
    var sum: UInt64 = 0
    var last: UInt64 = 0
    for address in plan.lookups {
      let found = full.findPrepare(address &+ (last & 1))
      last = found.next.isNone ? 0 : found.next.start.rawValue ^ found.previous.end.rawValue
      sum &+= last
    }
    return sum
  }

  private func insert(_ clock: () -> UInt64) -> BenchRun {
    var index = Index()
    let start = clock()
    let answer = Self.insertAll(plan.layout.ranges, plan.order, &index)
    return BenchRun(operations: plan.order.count, time: clock() &- start, answer: answer)
  }

  private func remove(_ clock: () -> UInt64) -> BenchRun {
    var index = full.copy()
    let start = clock()
    for position in plan.order {
      index.remove(index.find(plan.layout.ranges[position].start))
    }
    return BenchRun(
      operations: plan.order.count, time: clock() &- start, answer: UInt64(index.count))
  }

  private func split(_ clock: () -> UInt64) -> BenchRun {
    var index = full.copy()
    let wide = plan.order.filter { plan.layout.ranges[$0].lengthInPages > 1 }
    let start = clock()
    for position in wide {
      let range = plan.layout.ranges[position]
      let middle = range.start &+ (range.lengthInPages / 2) << Page.shift
      var lower = index.find(range.start)
      let above = index.next(lower)
      index.setRange(lower, AddressRange(range.start, middle))
      lower.end = middle
      index.insert(
        VMA.Handle(slot: UInt32(plan.order.count + position + 1)),
        AddressRange(middle, range.end), between: VMANeighbours(previous: lower, next: above))
    }
    return BenchRun(
      operations: wide.count, time: clock() &- start, answer: UInt64(index.count))
  }

  private func merge(_ operation: BenchOperation, _ clock: () -> UInt64) -> BenchRun {
    let field = MergeField(operation: operation, count: plan.mergeCopies)
    var space = field.make(MmapCache<Index>.self)
    var order = plan.order.filter { $0 < plan.mergeCopies }
    order += plan.order.count..<max(plan.mergeCopies, plan.order.count)
    let before = space.statistics
    let start = clock()
    field.run(&space, order: order)
    let time = clock() &- start
    var merged: UInt64 = 0
    if case .merge(let mergeCase) = operation {
      merged = space.statistics.merges(mergeCase) - before.merges(mergeCase)
    }
    return BenchRun(
      operations: order.count, time: time, answer: merged << 32 | UInt64(space.mapCount))
  }

  private func replay(_ clock: () -> UInt64) -> BenchRun {
    guard let trace = plan.trace else { return BenchRun(operations: 0, time: 0, answer: 0) }
    let start = clock()
    let total = trace.replay(on: MmapCache<Index>.self)
    return BenchRun(
      operations: trace.eventCount, time: clock() &- start, answer: UInt64(total.mapCountPeak))
  }
}
