public import Replay
public import SyscallABI

/// The growth of one address space: a chart for people, rows for tools.
public struct TimelineReport {
  /// Lines between which the number of VMAs does one thing.
  struct Phase {
    var firstLine: UInt64
    var lastLine: UInt64
    var from: Int
    var to: Int
  }

  let trace: String
  let kernel: String
  let timeline: Timeline
  let command: String?
  /// Columns of the chart.
  let width: Int

  public init(
    trace: String, kernel: String, timeline: Timeline, paths: PathTable, width: Int = 80
  ) {
    self.trace = trace
    self.kernel = kernel
    self.timeline = timeline
    self.width = width
    let path = timeline.program == .none ? nil : paths.text(of: timeline.program)
    command = path?.split(separator: "/").last.map(String.init)
  }

  public func append(to out: inout OutputBuffer, format: OutputFormat) {
    switch format {
    case .csv: appendCSV(&out)
    case .ndjson:
      for point in timeline.points {
        var json = JSONWriter(indented: false)
        append(point, &json, &out)
        out.append("\n")
      }
    case .json: appendJSON(&out)
    default: appendText(&out)
    }
  }

  // MARK: What stands out

  var peak: Timeline.Point? {
    timeline.points.max { $0.mapCountPeak < $1.mapCountPeak }
  }

  /// The twentieth of the course in which most VMAs came per line.
  var steepestRise: (from: Timeline.Point, to: Timeline.Point)? {
    let points = timeline.points
    let pairs = zip(points, points.dropFirst(max(1, points.count / 20)))
    let best = pairs.max { a, b in
      let rises = (a.1.mapCount - a.0.mapCount, b.1.mapCount - b.0.mapCount)
      let lengths = (Int(a.1.line &- a.0.line), Int(b.1.line &- b.0.line))
      return rises.0 * max(lengths.1, 1) < rises.1 * max(lengths.0, 1)
    }
    guard let best, best.1.mapCount > best.0.mapCount else { return nil }
    return (best.0, best.1)
  }

  /// The course of the number of VMAs as a few straight lines that are nowhere further from it
  /// than a tenth of its range.
  var phases: [Phase] {
    let points = timeline.points
    guard points.count > 1 else { return [] }
    let counts = points.map(\.mapCount)
    let tolerance = max(1, (counts.max()! - counts.min()!) / 10)
    let corners = Self.corners(counts, 0, counts.count - 1, tolerance)
    return zip(corners, corners.dropFirst()).map { first, last in
      Phase(
        firstLine: points[first].line, lastLine: points[last].line, from: counts[first],
        to: counts[last])
    }
  }

  /// Splits where the straight line from end to end is furthest from the values, until it is near
  /// everywhere (Ramer, Douglas, Peucker).
  private static func corners(
    _ values: [Int], _ first: Int, _ last: Int, _ tolerance: Int
  ) -> [Int] {
    var result = [first]
    var open = [(first, last)]
    while let (low, high) = open.popLast() {
      var worst = (index: low, distance: tolerance * (high - low))
      for index in low...high {
        // All times (high - low), to stay in whole numbers.
        let line = values[low] * (high - index) + values[high] * (index - low)
        let distance = abs(values[index] * (high - low) - line)
        if distance > worst.distance { worst = (index, distance) }
      }
      if worst.index == low {
        result.append(high)
      } else {
        open.append((worst.index, high))
        open.append((low, worst.index))
      }
    }
    return result
  }
}
