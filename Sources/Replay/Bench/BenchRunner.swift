import AddressSpaces

/// Times operations on several indexes in rounds.
///
/// Every round runs every operation once on every index, in a new random order, so that whatever
/// else the machine does meets all of them alike.
public struct BenchRunner {
  private let plan: BenchPlan
  private let subjects: [(kind: IndexKind, subject: any BenchSubject)]
  private let operations: [BenchOperation]
  /// The CPU time of this thread, in nanoseconds.
  private let clock: () -> UInt64

  /// Above so many VMAs an index is left out of an operation whose cost grows with their number.
  private static let listLimit = 4096
  private static let arrayLimit = 65_536
  /// An operation is repeated within a round until it has taken so long, in nanoseconds: shorter
  /// times drown in what reading the clock costs.
  private static let leastTime: UInt64 = 400_000

  /// What reading the clock twice costs, in nanoseconds: taken off every time.
  private let clockCost: UInt64

  public init(
    plan: BenchPlan, indexes: [IndexKind], operations: [BenchOperation],
    clock: @escaping () -> UInt64
  ) {
    self.plan = plan
    self.operations = operations.filter { $0 != .replay || plan.trace != nil }
    self.clock = clock
    clockCost = Self.cost(of: clock)
    let count = plan.layout.ranges.count
    subjects = indexes.filter { $0 != .list || count <= Self.arrayLimit }.map { kind in
      (kind, makeSubject(kind, kind == .list ? plan.forList() : plan))
    }
  }

  /// - Parameter progress: called before each round with its number, from 0.
  public func run(rounds: Int, seed: UInt64, progress: (Int) -> Void) -> [BenchResult] {
    var numbers = SeededNumbers(seed: seed)
    var jobs: [(subject: Int, operation: Int)] = []
    for subject in subjects.indices {
      for operation in operations.indices
      where isFeasible(operations[operation], on: subjects[subject].kind) {
        jobs.append((subject, operation))
      }
    }
    // Warms up, and finds out how often each job fits into the least time.
    var repetitions = jobs.map { _ in 1 }
    var results = jobs.map { job in
      BenchResult(
        index: subjects[job.subject].kind, operation: operations[job.operation],
        vmas: plan.layout.ranges.count)
    }
    for job in jobs.indices {
      let run = execute(jobs[job])
      let needed = Int(min(Self.leastTime / max(run.time, 1), 1000)) + 1
      repetitions[job] = run.operations == 0 ? 0 : needed
      results[job].answer = run.answer
    }
    for round in 0..<rounds {
      progress(round)
      for job in jobs.indices.shuffled(using: &numbers) where repetitions[job] > 0 {
        var time: UInt64 = 0
        var count = 0
        for _ in 0..<repetitions[job] {
          let run = execute(jobs[job])
          time += run.time
          count += run.operations
        }
        results[job].samples.append(Double(time) / Double(count))
      }
    }
    let counts = subjects.map { $0.subject.counts }
    for job in jobs.indices { results[job].counts = counts[jobs[job].subject] }
    return results.filter { !$0.samples.isEmpty }
  }

  private func execute(_ job: (subject: Int, operation: Int)) -> BenchRun {
    var run = subjects[job.subject].subject.run(operations[job.operation], clock: clock)
    run.time -= min(run.time, clockCost)
    return run
  }

  /// The least of many, so that no time is made too short.
  private static func cost(of clock: () -> UInt64) -> UInt64 {
    (0..<100).map { _ in
      let start = clock()
      return clock() &- start
    }.min() ?? 0
  }

  private func isFeasible(_ operation: BenchOperation, on kind: IndexKind) -> Bool {
    let count = plan.layout.ranges.count
    switch (kind, operation) {
    case (_, .replay), (_, .find), (_, .findCached), (_, .prepare): return true
    case (.list, _): return count <= Self.listLimit
    case (.array, _): return count <= Self.arrayLimit
    case (.rbtree, _), (.btree, _): return true
    }
  }
}

extension BenchPlan {
  /// A walk along a list of thousands needs fewer lookups to be timed well.
  fileprivate func forList() -> BenchPlan {
    var plan = self
    let affordable = max(20_000_000 / max(layout.ranges.count, 1), 200)
    if plan.lookups.count > affordable { plan.lookups = Array(lookups.prefix(affordable)) }
    return plan
  }
}

/// One operation on one index.
public struct BenchResult: Sendable {
  public let index: IndexKind
  public let operation: BenchOperation
  public let vmas: Int
  /// Nanoseconds per operation, one for each round.
  public internal(set) var samples: [Double] = []
  public internal(set) var counts = BenchCounts()
  /// A sum over what was found: the same on every index that did the same operations.
  public internal(set) var answer: UInt64 = 0

  public var statistics: SampleStatistics { SampleStatistics(samples) }
}

private func makeSubject(_ kind: IndexKind, _ plan: BenchPlan) -> any BenchSubject {
  switch kind {
  case .rbtree: IndexSubject<RedBlackTreeIndex>(plan)
  case .list: IndexSubject<LinkedListIndex>(plan)
  case .btree: IndexSubject<BPlusTreeIndex>(plan)
  case .array: IndexSubject<SortedArrayIndex>(plan)
  }
}
