import AddressSpaces
import Benchmark
import Replay
import SyscallABI
import Workload

/// An index with VMAs in it; a class, so that closures can share it.
private final class Filled<Index: VMAIndex & ~Copyable> {
  var index = Index()

  init(_ ranges: [AddressRange]) {
    for (position, range) in ranges.enumerated() {
      index.insert(
        VMA.Handle(slot: UInt32(position + 1)), range, between: index.findPrepare(range.start))
    }
  }

  /// Every lookup waits for the one before, as a program's do.
  @inline(never)
  func find(_ lookups: [Address], repeats: Int) -> UInt64 {
    var sum: UInt64 = 0
    var last: UInt64 = 0
    for number in 0..<repeats {
      let address = lookups[number & (lookups.count - 1)]
      let found = index.find(address &+ (last & 1))
      last = found.isNone ? 0 : found.start.rawValue ^ found.end.rawValue
      sum &+= last
    }
    return sum
  }

  func probes(_ lookups: [Address]) -> Int {
    lookups.reduce(0) { $0 + index.nodesProbed(for: $1) }
  }
}

private func register<Index: VMAIndex & ~Copyable>(
  _ type: Index.Type, _ kind: IndexKind, _ layout: BenchLayout
) {
  let vmas = layout.ranges.count
  let name = "\(kind.rawValue)-\(vmas)"
  let lookups = layout.lookups(.random, count: 8192, seed: Workload.seed)
  Benchmark("time-find_vma-\(name)") { benchmark in
    let filled = Filled<Index>(layout.ranges)
    blackHole(filled.find(lookups, repeats: lookups.count))
    benchmark.startMeasurement()
    blackHole(filled.find(lookups, repeats: benchmark.scaledIterations.count))
    benchmark.stopMeasurement()
  }
  Benchmark("counts-find_vma-\(name)", configuration: .counts([probes, bytes])) { benchmark in
    let filled = Filled<Index>(layout.ranges)
    benchmark.measurement(probes, filled.probes(lookups) * 100 / lookups.count)
    benchmark.measurement(bytes, filled.index.bytes / vmas)
  }
}

private let probes = BenchmarkMetric.custom("probes per 100 lookups", useScalingFactor: false)
private let bytes = BenchmarkMetric.custom("bytes per VMA", useScalingFactor: false)

let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = .init(
    metrics: [.wallClock, .throughput], warmupIterations: 3, scalingFactor: .kilo,
    maxDuration: .seconds(1), maxIterations: 1000)
  let recorded = Workload.trace().peakLayout()
  for vmas in Workload.sizes {
    let layout = recorded.scaled(to: vmas, seed: Workload.seed)
    register(BPlusTreeIndex.self, .btree, layout)
    register(RedBlackTreeIndex.self, .rbtree, layout)
    register(SortedArrayIndex.self, .array, layout)
    // A walk along thousands says no more than one along a thousand.
    if vmas <= 1024 { register(LinkedListIndex.self, .list, layout) }
  }
}
