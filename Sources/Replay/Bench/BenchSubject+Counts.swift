import AddressSpaces
import SyscallABI

extension IndexSubject where Index: ~Copyable {
  func counts(_ operation: BenchOperation) -> BenchCounts {
    var counts = BenchCounts()
    counts.bytes = full.bytes
    counts.vmas = full.count
    switch operation {
    case .find: countProbes(plan.lookups, withCache: false, &counts)
    case .findCached: countProbes(plan.lookups, withCache: true, &counts)
    case .findTrace: countProbes(plan.traceLookups, withCache: false, &counts)
    case .findTraceCached: countProbes(plan.traceLookups, withCache: true, &counts)
    case .prepare: countProbes(plan.lookups, withCache: false, &counts)
    case .insert, .remove, .split:
      counts.operations = operation == .split ? wide.count : plan.order.count
      if Index.self == RedBlackTreeIndex.self {
        var watch = BenchStopwatch(clock: { 0 }, clockCost: 0)
        _ = run(operation, &watch)
        counts.rotations = Int(rotations)
      }
    case .refused, .merge: counts.operations = plan.mergeOrder.count
    case .replay: countReplay(&counts)
    }
    return counts
  }

  private func countProbes(_ lookups: [Address], withCache: Bool, _ counts: inout BenchCounts) {
    counts.operations = lookups.count
    var probes = 0
    guard withCache else {
      for address in lookups { probes += full.nodesProbed(for: address) }
      counts.probes = probes
      return
    }
    var cached = MmapCache(base: full.copy())
    for address in lookups {
      let hits = cached.cacheStatistics.hits
      _ = cached.find(address)
      if cached.cacheStatistics.hits == hits { probes += full.nodesProbed(for: address) }
    }
    counts.probes = probes
    counts.hits = Int(cached.cacheStatistics.hits)
  }

  private func countReplay(_ counts: inout BenchCounts) {
    guard let trace = plan.trace else { return }
    let total = trace.replay(on: MmapCache<Index>.self)
    counts.operations = trace.eventCount
    counts.events = Int(total.eventCount)
    counts.merges = MergeCase.allCases.reduce(0) { $0 + Int(total.statistics.merges($1)) }
    counts.splits = Int(total.statistics.splits)
    counts.peak = total.mapCountPeak
  }
}
