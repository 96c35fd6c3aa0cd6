public import AddressSpaces
public import SyscallABI

/// How a process ended (`exit_code`).
public enum ExitState: Hashable, Sendable {
  case exited(status: Int32)
  case killed(signal: Int32)
}

/// What a replay found out about one process, or about all of them together.
public struct ProcessSummary: Sendable {
  /// The thread group's number; `.none` for the total and for logs without pids.
  public var pid: PID
  /// The process counted from 0 in the order in which the log first shows them; -1 for the total.
  public internal(set) var ordinal = -1
  /// The base name of the program last executed; nil if the log does not show one.
  public var comm: String?
  /// Completed calls by name.
  public var events = CallCounts()
  /// Failed calls by error number.
  public var failures: [Int32: UInt64] = [:]
  /// VMAs at the end of the process or of the log.
  public var mapCount = 0
  public var mapCountPeak = 0
  /// The line on which the peak was first reached; 0 if it was there at the start.
  public var peakLine: UInt64 = 0
  /// In pages.
  public var totalVM: UInt64 = 0
  /// Pages of `totalVM` that no line of the log mapped, but that calls show to have been mapped.
  public var impliedPages: UInt64 = 0
  /// Of the pages mapped at the end, those of an executable or its interpreter that were placed
  /// from the ELF file.
  public var placedPages: UInt64 = 0
  public var holes = 0
  /// The lines of `/proc/PID/status` at the end; of the process with the highest VmPeak in a total.
  public var status = VMStatus()
  /// Whose `status` it is.
  public var statusPID: PID
  public var statistics = AddressSpaceStatistics()
  public var cache = MmapCacheStatistics()
  public var boundaries = BoundaryCounts()
  /// Recorded results that the model would not have given.
  public var divergences: UInt64 = 0
  public var malformed: UInt64 = 0
  /// How many processes this sums up.
  public var processCount = 1
  public var hasEnded = false
  /// The thread group that forked it; `.none` if the log does not show that.
  public var parent = PID.none
  /// How it ended; nil if the log does not show that.
  public var exit: ExitState?
  /// Tasks that were ever in the group.
  public var taskCount = 0
  /// The limits that the log tells, as they were last set; they pass on to children.
  ///
  /// RLIMIT_MEMLOCK is only shown: whether a process is exempt from it (CAP_IPC_LOCK) is in no log.
  public var limits = ProcessLimits()
  /// What the log leaves open; nil if nobody asked.
  public var certainty: CertaintySummary?

  init(pid: PID) {
    self.pid = pid
    statusPID = pid
  }

  /// Several processes together.
  public static func total(of processes: [ProcessSummary]) -> ProcessSummary {
    var total = ProcessSummary(pid: .none)
    total.processCount = 0
    for process in processes { total.add(process) }
    return total
  }

  /// All failed calls.
  public var failureCount: UInt64 { failures.values.reduce(0, +) }

  /// All completed calls.
  public var eventCount: UInt64 { events.total }

  /// Adds another process to a total: counts add up, peaks are the highest of a single process.
  public mutating func add(_ other: ProcessSummary) {
    events.add(other.events)
    failures.merge(other.failures, uniquingKeysWith: +)
    mapCount += other.mapCount
    // Of several processes with the same peak, the one that reached it first.
    if other.mapCountPeak > mapCountPeak
      || (other.mapCountPeak == mapCountPeak && other.peakLine < peakLine)
    {
      mapCountPeak = other.mapCountPeak
      peakLine = other.peakLine
    }
    totalVM += other.totalVM
    impliedPages += other.impliedPages
    placedPages += other.placedPages
    holes += other.holes
    if other.status.peak > status.peak {
      status = other.status
      statusPID = other.statusPID
    }
    statistics.add(other.statistics)
    cache.hits += other.cache.hits
    cache.lookups += other.cache.lookups
    boundaries.add(other.boundaries)
    divergences += other.divergences
    malformed += other.malformed
    processCount += other.processCount
    if let theirs = other.certainty {
      certainty = certainty ?? CertaintySummary()
      certainty?.add(theirs)
    }
  }
}
