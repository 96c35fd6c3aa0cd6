import AddressSpaces
import Benchmark
import Replay
import Workload

private func metric(_ name: String) -> BenchmarkMetric {
  .custom(name, useScalingFactor: false)
}

private func register<Index: VMAIndex & ~Copyable>(
  _ type: Index.Type, _ kind: IndexKind, _ trace: BenchTrace
) {
  Benchmark("time-replay-\(kind.rawValue)") { _ in
    blackHole(trace.replay(on: MmapCache<Index>.self).mapCount)
  }
  let names = ["events", "merges", "splits", "VMAs at the peak", "divergences"]
  let metrics = names.map(metric)
  Benchmark("counts-replay-\(kind.rawValue)", configuration: .counts(metrics)) { benchmark in
    let total = trace.replay(on: MmapCache<Index>.self)
    let merges = MergeCase.allCases.reduce(0) { $0 + total.statistics.merges($1) }
    let counts: [UInt64] = [
      total.eventCount, merges, total.statistics.splits, UInt64(total.mapCountPeak),
      total.divergences,
    ]
    for (metric, count) in zip(metrics, counts) { benchmark.measurement(metric, Int(count)) }
  }
}

let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = .init(
    metrics: [.wallClock, .throughput], warmupIterations: 3, maxDuration: .seconds(1),
    maxIterations: 1000)
  let trace = Workload.trace()
  register(BPlusTreeIndex.self, .btree, trace)
  register(RedBlackTreeIndex.self, .rbtree, trace)
  register(SortedArrayIndex.self, .array, trace)
  register(LinkedListIndex.self, .list, trace)
}
