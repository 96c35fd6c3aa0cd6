import AddressSpaces
public import SyscallABI

/// What rules change: the figures of each process without and with them.
public struct WhatIfComparison: Sendable {
  public struct Figures: Hashable, Sendable {
    /// The most VMAs that the process, or of several the largest one, ever had.
    public var mapCountPeak = 0
    public var peakLine: UInt64 = 0
    /// Missed merges at that moment.
    public var missedMergesAtPeak = 0
    /// VMAs and missed merges at the end of the process or of the log.
    public var mapCount = 0
    public var missedMerges = 0
    public var failures: UInt64 = 0

    init() {}

    init(_ summary: ProcessSummary, _ counts: PeakCounts) {
      mapCountPeak = summary.mapCountPeak
      peakLine = summary.peakLine
      missedMergesAtPeak = counts.missedMerges[summary.ordinal] ?? 0
      mapCount = summary.mapCount
      missedMerges = summary.boundaries.missedMerges
      failures = summary.failureCount
    }

    /// Adds a process to a total: counts add up, the peak is the highest of a single process.
    mutating func add(_ other: Figures) {
      let isHigher =
        other.mapCountPeak > mapCountPeak
        || (other.mapCountPeak == mapCountPeak && other.peakLine < peakLine)
      if isHigher {
        mapCountPeak = other.mapCountPeak
        peakLine = other.peakLine
        missedMergesAtPeak = other.missedMergesAtPeak
      }
      mapCount += other.mapCount
      missedMerges += other.missedMerges
      failures += other.failures
    }
  }

  public struct Process: Sendable {
    public var pid: PID
    public var comm: String?
    public var before: Figures
    public var after: Figures
  }

  /// One of the two replays, over.
  struct Side {
    var summaries: [ProcessSummary]
    var total: ProcessSummary
    var counts: PeakCounts

    /// The figures of all processes, also of those that have no summary of their own any more.
    var totalFigures: Figures {
      var figures = Figures(total, counts)
      let largest = summaries.first {
        $0.mapCountPeak == total.mapCountPeak && $0.peakLine == total.peakLine
      }
      figures.missedMergesAtPeak = largest.flatMap { counts.missedMerges[$0.ordinal] } ?? 0
      return figures
    }
  }

  /// In the order in which they ended; of very many, those with the most VMAs at their peak.
  public private(set) var processes: [Process] = []
  /// How many processes only the totals know.
  public private(set) var omittedProcesses = 0
  public private(set) var before = Figures()
  public private(set) var after = Figures()

  /// - Parameter pid: the process to compare; nil for all.
  init(before: Side, after: Side, pid: PID? = nil) {
    let others = Dictionary(
      after.summaries.map { ($0.ordinal, $0) }, uniquingKeysWith: { a, _ in a })
    for summary in before.summaries {
      guard let other = others[summary.ordinal], pid == nil || summary.pid == pid else { continue }
      let process = Process(
        pid: summary.pid, comm: summary.comm, before: Figures(summary, before.counts),
        after: Figures(other, after.counts))
      if pid != nil {
        self.before.add(process.before)
        self.after.add(process.after)
      }
      processes.append(process)
    }
    if pid != nil { return }
    self.before = before.totalFigures
    self.after = after.totalFigures
    omittedProcesses = before.total.processCount - processes.count
  }
}
