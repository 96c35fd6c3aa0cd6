import AddressSpaces
public import Replay
public import SyscallABI
import SystemPackage

/// Which limits refused calls met, and how far the peak is from them.
public struct FailureReport {
  struct Row {
    var key: FailureObserver.Key
    var group: FailureObserver.Group
  }

  let trace: String
  let kernel: String
  let observer: FailureObserver
  let paths: PathTable
  /// Limits other than the recorded ones were asked for.
  let asksWhatIf: Bool

  public init(
    trace: String, kernel: String, observer: FailureObserver, paths: PathTable, asksWhatIf: Bool
  ) {
    self.trace = trace
    self.kernel = kernel
    self.observer = observer
    self.paths = paths
    self.asksWhatIf = asksWhatIf
  }

  public func append(to out: inout OutputBuffer, format: OutputFormat) {
    if format == .json { appendJSON(&out) } else { appendText(&out) }
  }

  /// In the order of their first lines.
  func rows(_ groups: [FailureObserver.Key: FailureObserver.Group]) -> [Row] {
    groups.map { Row(key: $0.key, group: $0.value) }.sorted {
      ($0.group.first.line, $0.key.name.rawValue, $0.key.errno)
        < ($1.group.first.line, $1.key.name.rawValue, $1.key.errno)
    }
  }

  /// The limit in words, with the figures at the first call.
  func describe(_ row: Row) -> String {
    let (group, limits) = (row.group, row.group.limits)
    let mapped = Figures.size(pages: group.pages)
    let size = Figures.size(bytes: group.first.range.length)
    switch row.key.reason {
    case .mapCount(let reserve):
      let count =
        "map_count \(Figures.grouped(group.mapCount)) of "
        + "\(Figures.grouped(limits.maxMapCount))"
      if reserve < 0 { return "\(count): refused above the limit" }
      if reserve == 0 { return "\(count): a split needs one more" }
      return "\(count): a move is refused from \(reserve) below the limit on"
    case .addressSpace:
      return "RLIMIT_AS \(Figures.size(bytes: limits.addressSpace)): \(mapped) mapped"
        + (group.first.range.isEmpty ? "" : ", \(size) more asked for")
    case .data: return "RLIMIT_DATA \(Figures.size(bytes: limits.data))"
    case .memLock: return "RLIMIT_MEMLOCK \(Figures.size(bytes: limits.memLock))"
    case .hole: return "part of the range is not mapped"
    case .aboveHeap: return "something is mapped right above the heap"
    case .noGap: return "no gap of \(size) between the mappings"
    case .rules: return "the kernel refuses such a call at any time"
    case .unknown: return "no reason in the model: kernel or environment suspected"
    }
  }

  static func name(_ reason: FailureReason) -> String {
    switch reason {
    case .mapCount: "max_map_count"
    case .addressSpace: "RLIMIT_AS"
    case .data: "RLIMIT_DATA"
    case .memLock: "RLIMIT_MEMLOCK"
    case .hole: "hole"
    case .aboveHeap: "above_heap"
    case .noGap: "no_gap"
    case .rules: "rules"
    case .unknown: "unknown"
    }
  }

  func error(_ row: Row) -> String {
    row.key.errno == 0 ? "old break" : Errno.name(of: row.key.errno)
  }

  /// VMAs that a process may still add when it has the most, by what it does.
  var headroom: [(kind: String, count: Int)] {
    let rest = observer.peak.limit - observer.peak.mapCount
    return [
      ("mmap and brk", max(0, rest + 1)), ("a call that splits", max(0, rest)),
      ("mremap that moves", max(0, rest - 3)), ("mremap with MREMAP_FIXED", max(0, rest - 5)),
    ]
  }

  /// Calls after the peak at which the limit is met if it goes on as up to the peak; nil if the
  /// process does not grow.
  var callsToLimit: UInt64? {
    let peak = observer.peak
    let grown = peak.mapCount - peak.firstCount
    guard grown > 0, peak.limit > peak.mapCount else { return nil }
    let rest = UInt64(peak.limit - peak.mapCount)
    return rest.multipliedReportingOverflow(by: peak.calls).partialValue / UInt64(grown)
  }
}
