import AddressSpaces
import SyscallABI

/// One index under test. The choice of an index is made per round, not per operation.
protocol BenchSubject: AnyObject {
  /// Runs an operation once for all its inputs.
  ///
  /// - Returns: a sum of what was found, which must be the same on every index.
  func run(_ operation: BenchOperation, _ watch: inout BenchStopwatch) -> UInt64

  /// What the operation costs in things that can be counted.
  func counts(_ operation: BenchOperation) -> BenchCounts
}

final class IndexSubject<Index: VMAIndex & ~Copyable>: BenchSubject {
  let plan: BenchPlan
  var full: Index
  private var cached: MmapCache<Index>
  /// Of the last insertion, removal or split.
  private(set) var rotations: UInt64 = 0

  init(_ plan: BenchPlan) {
    self.plan = plan
    var index = Index()
    // Ascending, since a sorted array takes forever otherwise.
    let order = Array(plan.layout.ranges.indices)
    _ = Self.insert(plan.layout.ranges, order[...], &index)
    full = index.copy()
    cached = MmapCache(base: index)
  }

  @inline(never)
  private static func insert(
    _ ranges: [AddressRange], _ order: ArraySlice<Int>, _ index: inout Index
  ) -> UInt64 {
    for position in order {
      let range = ranges[position]
      index.insert(
        VMA.Handle(slot: UInt32(position + 1)), range, between: index.findPrepare(range.start))
    }
    return UInt64(order.count)
  }

  func run(_ operation: BenchOperation, _ watch: inout BenchStopwatch) -> UInt64 {
    switch operation {
    case .find: find(plan.lookups, &full, &watch)
    case .findCached: find(plan.lookups, &cached, &watch)
    case .findTrace: find(plan.traceLookups, &full, &watch)
    case .findTraceCached: find(plan.traceLookups, &cached, &watch)
    case .prepare: prepare(&watch)
    case .insert: insert(&watch)
    case .remove: remove(&watch)
    case .split: split(&watch)
    case .refused, .merge: merge(operation, &watch)
    case .replay: replay(&watch)
    }
  }

  /// Every lookup waits for the result of the one before, as a program's do.
  @inline(never)
  private func find<Searched: VMAIndex & ~Copyable>(
    _ lookups: [Address], _ index: inout Searched, _ watch: inout BenchStopwatch
  ) -> UInt64 {
    watch.measure(lookups.count) { block in
      var sum: UInt64 = 0
      var last: UInt64 = 0
      for address in lookups[block] {
        // Zero, since no sum of page addresses is odd; the compiler does not know.
        let found = index.find(address &+ (last & 1))
        last = found.isNone ? 0 : found.start.rawValue ^ found.end.rawValue
        sum &+= last
      }
      return sum
    }
  }

  @inline(never)
  private func prepare(_ watch: inout BenchStopwatch) -> UInt64 {
    watch.measure(plan.lookups.count) { block in
      var sum: UInt64 = 0
      var last: UInt64 = 0
      for address in plan.lookups[block] {
        let found = full.findPrepare(address &+ (last & 1))
        last = found.next.isNone ? 0 : found.next.start.rawValue ^ found.previous.end.rawValue
        sum &+= last
      }
      return sum
    }
  }

  private func insert(_ watch: inout BenchStopwatch) -> UInt64 {
    var index = Index()
    let answer = watch.measure(plan.order.count) { block in
      Self.insert(plan.layout.ranges, plan.order[block], &index)
    }
    rotations = index.rotations
    return answer
  }

  private func remove(_ watch: inout BenchStopwatch) -> UInt64 {
    var index = full.copy()
    _ = watch.measure(plan.order.count) { block in
      for position in plan.order[block] {
        index.remove(index.find(plan.layout.ranges[position].start))
      }
      return 0
    }
    rotations = index.rotations
    return UInt64(index.count)
  }

  /// What can be cut in two.
  var wide: [Int] { plan.order.filter { plan.layout.ranges[$0].lengthInPages > 1 } }

  private func split(_ watch: inout BenchStopwatch) -> UInt64 {
    var index = full.copy()
    let wide = wide
    _ = watch.measure(wide.count) { block in
      for position in wide[block] {
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
      return 0
    }
    rotations = index.rotations
    return UInt64(index.count)
  }

  private func merge(_ operation: BenchOperation, _ watch: inout BenchStopwatch) -> UInt64 {
    let field = MergeField(operation: operation, count: plan.mergeCopies)
    var space = field.make(MmapCache<Index>.self)
    let order = plan.mergeOrder
    let before = space.statistics
    _ = watch.measure(order.count) { block in
      field.run(&space, order: order[block])
      return 0
    }
    var merged: UInt64 = 0
    if case .merge(let mergeCase) = operation {
      merged = space.statistics.merges(mergeCase) - before.merges(mergeCase)
    }
    return merged << 32 | UInt64(space.mapCount)
  }

  private func replay(_ watch: inout BenchStopwatch) -> UInt64 {
    guard let trace = plan.trace else { return 0 }
    return watch.measureWhole(trace.eventCount) {
      UInt64(trace.replay(on: MmapCache<Index>.self).mapCountPeak)
    }
  }
}
