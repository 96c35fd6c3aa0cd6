/// Collects times and tells how they are spread, as an HDR histogram does.
public protocol BenchHistogram {
  /// Takes in a time in picoseconds.
  mutating func record(_ picoseconds: UInt64)

  /// The time that so many of a hundred do not exceed; 0 if none was recorded.
  func percentile(_ percent: Double) -> UInt64
}

/// Times one run of an operation: as a whole, or in blocks that go into a histogram.
struct BenchStopwatch {
  /// Long enough that reading the clock is the smaller part of it.
  static let blockLength = 128

  /// The CPU time of this thread, in nanoseconds.
  let clock: () -> UInt64
  /// What reading the clock twice costs, in nanoseconds: taken off every time.
  let clockCost: UInt64
  /// Operations between two looks at the clock.
  private let block: Int
  private(set) var histogram: (any BenchHistogram)?
  private(set) var operations = 0
  private(set) var blocks = 0
  /// In nanoseconds.
  private(set) var time: UInt64 = 0

  init(clock: @escaping () -> UInt64, clockCost: UInt64) {
    self.clock = clock
    self.clockCost = clockCost
    block = .max
  }

  /// A stopwatch that reads the clock after every block.
  init(clock: @escaping () -> UInt64, clockCost: UInt64, histogram: any BenchHistogram) {
    self.clock = clock
    self.clockCost = clockCost
    self.histogram = histogram
    block = Self.blockLength
  }

  /// Times `body`, which does the operations of the range that it is given.
  ///
  /// - Returns: the sum of what it returns, which wraps around.
  mutating func measure(_ count: Int, _ body: (Range<Int>) -> UInt64) -> UInt64 {
    operations += count
    var sum: UInt64 = 0
    var start = 0
    while start < count {
      let end = count - start > block ? start + block : count
      sum &+= lap(end - start) { body(start..<end) }
      start = end
    }
    return sum
  }

  /// Times operations that cannot be cut into blocks.
  mutating func measureWhole(_ count: Int, _ body: () -> UInt64) -> UInt64 {
    operations += count
    return lap(count, body)
  }

  private mutating func lap(_ count: Int, _ body: () -> UInt64) -> UInt64 {
    let start = clock()
    let answer = body()
    var elapsed = clock() &- start
    elapsed -= min(elapsed, clockCost)
    time += elapsed
    blocks += 1
    if count > 0 { histogram?.record(elapsed * 1000 / UInt64(count)) }
    return answer
  }

  /// The least of many, so that no time is made too short.
  static func cost(of clock: () -> UInt64) -> UInt64 {
    (0..<100).map { _ in
      let start = clock()
      return clock() &- start
    }.min() ?? 0
  }
}
