import AddressSpaces
import Benchmark
import Replay
import SyscallABI
import SystemPackage
import Workload

/// Places of four pages side by side, which are mapped, made read-only or writable, and unmapped at
/// random, so that neighbours merge.
private struct Churn<Index: VMAIndex & ~Copyable>: ~Copyable {
  private var space = AddressSpace<MmapCache<Index>>()
  private var numbers = SeededNumbers(seed: Workload.seed)
  private let places: UInt64

  init(places: Int) {
    self.places = UInt64(places)
    space.limits.maxMapCount = .max
    run(calls: 4 * places)
  }

  @inline(never)
  mutating func run(calls: Int) {
    for _ in 0..<calls {
      let number = numbers.next()
      let address = Address(0x10_0000_0000 &+ ((number >> 8) % places) << 14)
      switch number & 7 {
      case 0..<3:
        _ = try? space.mmap(
          at: address, length: 4 << 12, prot: Protection(rawValue: 3),
          flags: MapFlags(rawValue: 0x32), leniently: true)
      case 3...4:
        try? space.mprotect(
          address, length: 4 << 12, prot: Protection(rawValue: number & 8 == 0 ? 1 : 3),
          leniently: true)
      default: try? space.munmap(address, length: 4 << 12, leniently: true)
      }
    }
  }

  var statistics: AddressSpaceStatistics { space.statistics }
  var mapCount: Int { space.mapCount }
}

private func register<Index: VMAIndex & ~Copyable>(
  _ type: Index.Type, _ kind: IndexKind, places: Int
) {
  let name = "\(kind.rawValue)-\(places)"
  Benchmark("time-merge-\(name)") { benchmark in
    var churn = Churn<Index>(places: places)
    benchmark.startMeasurement()
    churn.run(calls: benchmark.scaledIterations.count)
    benchmark.stopMeasurement()
    blackHole(churn.mapCount)
  }
  Benchmark("counts-merge-\(name)", configuration: .counts(metrics)) { benchmark in
    var churn = Churn<Index>(places: places)
    let before = churn.statistics
    churn.run(calls: 1000)
    let after = churn.statistics
    for (metric, mergeCase) in zip(metrics, MergeCase.allCases) {
      benchmark.measurement(metric, Int(after.merges(mergeCase) - before.merges(mergeCase)))
    }
    benchmark.measurement(splits, Int(after.splits - before.splits))
  }
}

private let splits = BenchmarkMetric.custom("splits", useScalingFactor: false)
private let metrics =
  MergeCase.allCases.map {
    BenchmarkMetric.custom("merges of case \($0.rawValue)", useScalingFactor: false)
  } + [splits]

let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = .init(
    metrics: [.wallClock, .throughput], warmupIterations: 1, scalingFactor: .kilo,
    maxDuration: .seconds(1), maxIterations: 200)
  for places in Workload.sizes {
    register(BPlusTreeIndex.self, .btree, places: places)
    register(RedBlackTreeIndex.self, .rbtree, places: places)
    if places <= 1024 {
      register(SortedArrayIndex.self, .array, places: places)
      register(LinkedListIndex.self, .list, places: places)
    }
  }
}
