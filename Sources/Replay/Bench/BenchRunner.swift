import AddressSpaces

/// Times operations on several indexes in rounds.
///
/// Every round runs every operation once on every index, in a new random order, so that whatever
/// else the machine does meets all of them alike.
public struct BenchRunner {
  private let plan: BenchPlan
  private let subjects: [(kind: IndexKind, subject: any BenchSubject)]
  private let operations: [BenchOperation]

  /// Above so many VMAs the list is left out of everything but lookups.
  private static let listLimit = 4096
  /// Above so many VMAs the list is left out, and the array of everything but lookups: what they
  /// cost grows with the number of VMAs.
  public static let linearLimit = 65_536
  /// An operation is repeated within a round until it has taken so long, in nanoseconds: shorter
  /// times drown in what reading the clock costs.
  private static let leastTime: UInt64 = 400_000
  /// So many blocks say enough about the 99th percentile.
  private static let enoughBlocks = 2000

  public init(plan: BenchPlan, indexes: [IndexKind], operations: [BenchOperation]) {
    self.plan = plan
    self.operations = operations.filter { !$0.needsTrace || plan.trace != nil }
    let count = plan.layout.ranges.count
    subjects = indexes.filter { $0 != .list || count <= Self.linearLimit }.map { kind in
      (kind, makeSubject(kind, kind == .list ? plan.forList() : plan))
    }
  }

  private struct Job {
    let subject: any BenchSubject
    let operation: BenchOperation
    var result: BenchResult
    var histogram: (any BenchHistogram)?
    /// Recorded in the histogram.
    var blocks = 0
    var repetitions = 1
  }

  private func makeJobs() -> [Job] {
    subjects.flatMap { kind, subject in
      operations.filter { isFeasible($0, on: kind) }.map { operation in
        var result = BenchResult(
          index: kind, operation: operation, vmas: plan.layout.ranges.count)
        result.counts = subject.counts(operation)
        return Job(subject: subject, operation: operation, result: result)
      }
    }.filter { $0.result.counts.operations > 0 }
  }

  /// Runs everything once, and times nothing.
  public func count() -> [BenchResult] {
    makeJobs().map { job in
      var watch = BenchStopwatch(clock: { 0 }, clockCost: 0)
      var result = job.result
      result.answer = job.subject.run(job.operation, &watch)
      return result
    }
  }

  /// Times everything.
  ///
  /// - Parameters:
  ///   - clock: the CPU time of this thread, in nanoseconds.
  ///   - histogram: makes one that is empty, for the 99th percentile; nil to do without.
  ///   - progress: called before each round with its number, from 0.
  public func run(
    rounds: Int, seed: UInt64, clock: @escaping () -> UInt64,
    histogram: (() -> any BenchHistogram)? = nil, progress: (Int) -> Void
  ) -> [BenchResult] {
    let clockCost = BenchStopwatch.cost(of: clock)
    var numbers = SeededNumbers(seed: seed)
    var jobs = makeJobs()
    // Warms up, and finds out how often each job fits into the least time.
    for index in jobs.indices {
      var watch = BenchStopwatch(clock: clock, clockCost: clockCost)
      jobs[index].result.answer = jobs[index].subject.run(jobs[index].operation, &watch)
      jobs[index].repetitions = Int(min(Self.leastTime / max(watch.time, 1), 1000)) + 1
      jobs[index].histogram = histogram?()
    }
    for round in 0..<rounds {
      progress(round)
      for index in jobs.indices.shuffled(using: &numbers) {
        var watch = BenchStopwatch(clock: clock, clockCost: clockCost)
        for _ in 0..<jobs[index].repetitions {
          _ = jobs[index].subject.run(jobs[index].operation, &watch)
        }
        jobs[index].result.samples.append(Double(watch.time) / Double(watch.operations))
        if jobs[index].blocks < Self.enoughBlocks {
          Self.fillHistogram(of: &jobs[index], clock, clockCost)
        }
      }
    }
    return jobs.map { job in
      var result = job.result
      result.p99 = job.histogram.map { Double($0.percentile(99)) / 1000 }
      return result
    }
  }

  private static func fillHistogram(
    of job: inout Job, _ clock: @escaping () -> UInt64, _ clockCost: UInt64
  ) {
    guard let histogram = job.histogram else { return }
    var watch = BenchStopwatch(clock: clock, clockCost: clockCost, histogram: histogram)
    for _ in 0..<min(job.repetitions, 20) { _ = job.subject.run(job.operation, &watch) }
    job.histogram = watch.histogram
    job.blocks += watch.blocks
  }

  private func isFeasible(_ operation: BenchOperation, on kind: IndexKind) -> Bool {
    let count = plan.layout.ranges.count
    switch (kind, operation) {
    case (_, .replay), (_, .find), (_, .findCached), (_, .findTrace), (_, .findTraceCached),
      (_, .prepare):
      return true
    case (.list, _): return count <= Self.listLimit
    case (.array, _): return count <= Self.linearLimit
    case (.rbtree, _), (.btree, _): return true
    }
  }
}

private func makeSubject(_ kind: IndexKind, _ plan: BenchPlan) -> any BenchSubject {
  switch kind {
  case .rbtree: IndexSubject<RedBlackTreeIndex>(plan)
  case .list: IndexSubject<LinkedListIndex>(plan)
  case .btree: IndexSubject<BPlusTreeIndex>(plan)
  case .array: IndexSubject<SortedArrayIndex>(plan)
  }
}
