import SyscallABI

/// The time of one file's lines, as far as it depends on the lines before.
struct LogClock {
  private static let day: Int64 = 86_400_000_000_000
  private var days: Int64 = 0
  private var lastOfDay: Int64 = -1
  private var sum: Int64 = 0
  private var undo: (days: Int64, lastOfDay: Int64, sum: Int64) = (0, -1, 0)
  private var canUndo = false
  /// What is added to times of day: the file begins so many days after the trace.
  var firstDay: Int64 = 0

  /// Takes back the line whose time was asked for last: it will come again.
  mutating func takeBack() {
    if canUndo { (days, lastOfDay, sum) = undo }
  }

  /// The time of a line; must be asked for every line, since differences are summed up.
  @inline(__always)
  mutating func time(of prefix: LinePrefix) -> SyscallEvent.Timestamp {
    if prefix.kind == .unix && !prefix.hasRelative {
      canUndo = false
      return .init(nanoseconds: prefix.absolute)
    }
    return otherTime(of: prefix)
  }

  private mutating func otherTime(of prefix: LinePrefix) -> SyscallEvent.Timestamp {
    undo = (days, lastOfDay, sum)
    canUndo = true
    if prefix.hasRelative {
      let (total, overflow) = sum.addingReportingOverflow(prefix.relative)
      // Nonsense that adds up to centuries stays at the end of time.
      sum = overflow ? (total < 0 ? .max : -.max) : total
    }
    switch prefix.kind {
    case .unix:
      return .init(nanoseconds: prefix.absolute)
    case .clock:
      // A step back of more than half a day is midnight; a smaller one is a clock being set.
      if lastOfDay - prefix.absolute > Self.day / 2 { days += 1 }
      lastOfDay = prefix.absolute
      return .init(nanoseconds: (days + firstDay) * Self.day + prefix.absolute)
    case .none:
      return prefix.hasRelative ? .init(nanoseconds: sum) : .none
    }
  }
}
