import Benchmark
import SyscallABI
import TraceReading
import Workload

private let lines = BenchmarkMetric.custom("lines", useScalingFactor: false)
private let events = BenchmarkMetric.custom("completed calls", useScalingFactor: false)
private let malformed = BenchmarkMetric.custom("malformed lines", useScalingFactor: false)

let benchmarks: @Sendable () -> Void = {
  Benchmark.defaultConfiguration = .init(
    metrics: [.wallClock, .throughput], warmupIterations: 3, maxDuration: .seconds(2),
    maxIterations: 1000)
  let text = Workload.text()
  Benchmark("time-decode") { _ in
    blackHole(Workload.decode(text, paths: PathTable()).lines)
  }
  Benchmark("counts-decode", configuration: .counts([lines, events, malformed])) { benchmark in
    let (batches, read) = Workload.decode(text, paths: PathTable())
    let completed = batches.reduce(0) { sum, batch in
      sum + batch.items.count { if case .completed = $0 { true } else { false } }
    }
    benchmark.measurement(lines, Int(read))
    benchmark.measurement(events, completed)
    benchmark.measurement(malformed, batches.reduce(0) { $0 + $1.malformed.count })
  }
}
