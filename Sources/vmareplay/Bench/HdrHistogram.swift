import Histogram
import Replay

/// Times to three digits, whatever their size and number.
struct HdrHistogram: BenchHistogram {
  private var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .three)

  mutating func record(_ picoseconds: UInt64) { histogram.record(picoseconds) }

  func percentile(_ percent: Double) -> UInt64 {
    histogram.totalCount == 0 ? 0 : histogram.valueAtPercentile(percent)
  }
}
