import Replay
import Reports
import SyscallABI

/// What of one trace is timed or counted.
struct BenchMeasurement {
  var indexes: [IndexKind]
  var lookups: LookupChoice
  var sizes: [Int]
  var rounds: Int
  var seed: UInt64
  var countsOnly: Bool

  func report(on input: BenchInput) -> BenchmarkReport {
    var report = BenchmarkReport(
      environment: (countsOnly ? [] : BenchEnvironment.current) + input.environment
        + [("lookups", lookups.rawValue), ("seed", String(seed))],
      settings: countsOnly ? [] : [("rounds", String(rounds))],
      groups: [])
    let recorded = input.trace.peakLayout()
    report.groups.append(group(recorded, input.trace, isRecorded: true))
    for size in sizes {
      let layout = recorded.scaled(to: size, seed: seed)
      report.groups.append(group(layout, input.trace, isRecorded: false))
    }
    return report
  }

  private func group(
    _ layout: BenchLayout, _ trace: BenchTrace, isRecorded: Bool
  ) -> BenchmarkReport.Group {
    let vmas = layout.ranges.count
    let stream: LookupStream =
      switch lookups {
      // The addresses of the trace mean nothing in another layout.
      case .trace: isRecorded ? .trace(trace.addresses) : .random
      case .random: .random
      case .hot: .hot
      case .faults: .faults
      }
    let count = vmas <= 4096 ? 20_000 : 200_000
    let plan = BenchPlan(
      layout: layout, lookups: layout.lookups(stream, count: count, seed: seed),
      trace: isRecorded ? trace : nil, seed: seed)
    let runner = BenchRunner(plan: plan, indexes: indexes, operations: BenchOperation.all)
    return BenchmarkReport.Group(
      vmas: vmas, isRecorded: isRecorded, results: results(of: runner, vmas: vmas))
  }

  private func results(of runner: BenchRunner, vmas: Int) -> [BenchResult] {
    if countsOnly { return runner.count() }
    var progress = Progress(name: "\(vmas) VMAs")
    defer { progress.clear() }
    return runner.run(
      rounds: rounds, seed: seed, clock: Platform.threadTime, histogram: { HdrHistogram() },
      progress: { progress.update(read: UInt64($0), of: UInt64(rounds)) })
  }
}
