import AddressSpaces
public import Replay
public import SyscallABI
import SystemPackage

/// The summary of a replay: what each process did to its address space, and all together.
public struct ReplayReport {
  /// The traces as the user named them.
  public var traces: [String]
  /// The kernel whose rules were followed, as `linux6 (6.18)`.
  public var kernel: String
  public var index: IndexKind
  public var lines: UInt64
  public var processes: [ProcessSummary]
  public var total: ProcessSummary
  /// Processes of which only the total knows.
  public var omittedProcesses: Int
  /// How well the places of mappings were predicted; nil if that was not asked.
  public var placement: Placement?
  /// What the VMAs are to their processes; nil if that was not asked.
  public var segments: SegmentView?

  public init(
    trace: String, kernel: String, index: IndexKind, lines: UInt64,
    processes: [ProcessSummary], total: ProcessSummary, omittedProcesses: Int
  ) {
    traces = [trace]
    self.kernel = kernel
    self.index = index
    self.lines = lines
    self.processes = processes
    self.total = total
    self.omittedProcesses = omittedProcesses
  }

  /// Adds the replay of another trace.
  public mutating func add(_ other: ReplayReport) {
    traces += other.traces
    if other.kernel != kernel && !kernel.contains(other.kernel) { kernel += ", \(other.kernel)" }
    lines += other.lines
    processes += other.processes
    total.add(other.total)
    omittedProcesses += other.omittedProcesses
    if let theirs = other.segments { segments?.add(theirs) }
    if let theirs = other.placement { placement?.add(theirs) }
  }

  /// Leaves the processes of one number.
  ///
  /// - Returns: false if there is none; nothing is changed then.
  public mutating func keepOnly(_ pid: PID) -> Bool {
    let kept = processes.filter { $0.pid == pid }
    guard !kept.isEmpty else { return false }
    processes = kept
    total = ProcessSummary.total(of: kept)
    omittedProcesses = 0
    segments?.keepOnly(pid)
    return true
  }

  /// Appends the report. Only `text` and `json` are offered.
  public func append(to out: inout OutputBuffer, format: OutputFormat) {
    if format == .json { appendJSON(&out) } else { appendText(&out) }
  }
}

extension ProcessSummary {
  /// Calls that occurred, by name, in the order of `SyscallName`.
  var namedEvents: [(name: String, count: UInt64)] {
    SyscallName.allCases.compactMap { name in
      let count = events[name]
      return count == 0 ? nil : ("\(name.text)", count)
    }
  }

  /// Failures that occurred, by error number.
  var namedFailures: [(name: String, count: UInt64)] {
    failures.sorted { $0.key < $1.key }.map { (Errno.name(of: $0.key), $0.value) }
  }

  var namedRefusals: [(name: String, count: UInt64)] {
    MergeRefusal.allCases.compactMap { reason in
      let count = statistics.refusals(reason)
      return count == 0 ? nil : ("\(reason.label)", count)
    }
  }

  var mergeCount: UInt64 {
    MergeCase.allCases.reduce(0) { $0 + statistics.merges($1) }
  }
}

extension BoundaryCounts {
  /// Touching pairs by first cause.
  var namedBoundaries: [(name: String, count: UInt64)] { named { _ in true } }

  /// Pairs that could not be one without changing what the program sees.
  var namedNeeded: [(name: String, count: UInt64)] { named { $0.isNeeded } }

  /// Pairs that could.
  var namedMissedMerges: [(name: String, count: UInt64)] { named { !$0.isNeeded } }

  private func named(
    _ condition: (VMABoundary.Cause) -> Bool
  ) -> [(name: String, count: UInt64)] {
    VMABoundary.Cause.allCases.compactMap { cause in
      condition(cause) && self[cause] > 0 ? ("\(cause.label)", UInt64(self[cause])) : nil
    }
  }
}
