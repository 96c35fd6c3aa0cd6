/// One operation on one index.
public struct BenchResult: Sendable {
  public let index: IndexKind
  public let operation: BenchOperation
  public let vmas: Int
  /// Nanoseconds per operation, one for each round; empty if only counts were taken.
  public internal(set) var samples: [Double] = []
  /// The nanoseconds per operation that 99 of 100 blocks of operations do not exceed.
  public internal(set) var p99: Double?
  public internal(set) var counts = BenchCounts()
  /// A sum over what was found: the same on every index that did the same operations.
  public internal(set) var answer: UInt64 = 0

  /// - Precondition: there are samples.
  public var statistics: SampleStatistics { SampleStatistics(samples) }

  /// What is compared by equality; bytes, which no operation changes, stand beside find_vma only.
  public var exact: [(name: String, value: UInt64)] {
    counts.exact.filter { $0.name != "bytes" || operation == .find }
  }
}
