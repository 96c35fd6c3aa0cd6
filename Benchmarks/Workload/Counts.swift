public import Benchmark

extension Benchmark.Configuration {
  /// One run that counts what is the same on every machine, with no tolerance.
  public static func counts(_ metrics: [BenchmarkMetric]) -> Self {
    let exact = BenchmarkThresholds(absolute: [.p25: 0, .p50: 0, .p75: 0, .p90: 0])
    return .init(
      metrics: metrics, warmupIterations: 0, scalingFactor: .one, maxIterations: 1,
      thresholds: Dictionary(uniqueKeysWithValues: metrics.map { ($0, exact) }))
  }
}
