public import AddressSpaces
public import SyscallABI

/// Applies the events of a trace to the address spaces of its tasks.
///
/// The recorded address is always taken, and what the kernel did is done, whether or not the model
/// would have: each difference is counted as a divergence. Memory is O(live VMAs) and O(live
/// tasks), whatever the length of the log.
public struct ReplayEngine<Index: VMAIndex & ~Copyable, Observer: ReplayObserver>: ~Copyable {
  public var observer: Observer
  /// What stands behind the VMAs that are not anonymous.
  public internal(set) var files = FileTable()
  /// The processes that have ended.
  var ended = SummaryTable()
  /// Everything together; complete after `finish()`.
  public internal(set) var total = ProcessSummary(pid: .none)
  /// The first description of the recording machine in the log.
  public internal(set) var host: HostDescription?

  private let addressOnly = AddressOnly()

  let options: ReplayOptions
  let paths: PathTable
  var spaces = SpaceTable<Index>()
  /// What the log leaves open; empty unless the observer asks for it.
  var certainty = CertaintyTable()
  /// How address spaces descend from each other; empty unless the observer asks for objects.
  var lineages = LineageTable()
  var tasks = TaskTable()
  var processes = ProcessTable<Index>()
  /// How calls ask for an address; read only where calls overlap.
  var placementRules = PlacementRules()
  var nextOrdinal = 0
  /// The SysV segments whose shmget is in the log, by identifier.
  var segments: [Int32: SharedSegment] = [:]
  var policies: [NodePolicy: PolicyID] = [:]
  /// The log shows what is behind a descriptor (`strace -y`): a bare number is none that is open.
  var namesDescriptors = false
  /// Whether the kernel of the log was built with names of anonymous memory; nil before the first
  /// call that tells.
  var hasAnonymousNames: Bool?
  /// The number of opens so far.
  var nextOpen: UInt64 = 0
  /// Page faults that are known; nil if they are assumed.
  var faultFeed: FaultFeed?
  /// What execve of a path maps, where the files are at hand: see `setPrograms`.
  var programs: ((FileID) -> ProgramImage?)?
  /// Files of programs whose address the log never showed, with the number of processes.
  public internal(set) var unplacedFiles: [FileID: Int] = [:]
  /// The process of the last map that the model was compared with.
  var lastCompared: Int?
  var unclaimedInitialMaps: [(pid: PID, entries: [MapsEntry])]

  public init(options: ReplayOptions, paths: PathTable, observer: Observer) {
    self.options = options
    self.paths = paths
    self.observer = observer
    unclaimedInitialMaps = options.initialMaps
    total.processCount = 0
  }

  /// The processes that have ended, in the order of their ends; of many those with the most VMAs at
  /// their peak.
  ///
  /// - Complexity: O(*n* log *n*) at each call.
  public var summaries: [ProcessSummary] { ended.inOrderOfEnds }

  /// How many processes were left out of `summaries`, since there were too many.
  public var omittedSummaries: Int { ended.omitted }

  /// Applies everything in the batch, in order.
  ///
  /// - Parameter limit: items beyond it are left alone; nil for none.
  /// - Returns: false if an item beyond `limit` was met: nothing more needs to be read.
  public mutating func apply(_ batch: TraceBatch, until limit: ReplayLimit? = nil) -> Bool {
    if faultFeed != nil { return applyWithFaults(batch, until: limit) }
    var position = 0
    var nextStack = 0
    let items = batch.items.span
    for index in items.indices {
      let item = items[index]
      if Observer.tracksOrigins {
        observer.calls.stack = batch.stack(of: position, &nextStack)
        position += 1
      }
      if let limit, limit.excludes(item, in: batch) { return false }
      if !apply(item, in: batch) { return false }
    }
    if files.needsSweep { sweepFiles() }
    return true
  }

  /// Applies one item; false if the observer has seen enough.
  @inline(__always)
  mutating func apply(_ item: TraceItem, in batch: TraceBatch) -> Bool {
    switch item {
    case .began(let event): begin(event)
    case .completed(let event): complete(event, in: batch)
    case .processEnded(let end): self.end(end)
    case .snapshot(let index): meet(batch.snapshots[index])
    case .descriptor(let event): apply(event)
    case .host(let index): if host == nil { host = batch.hosts[index] }
    case .malformed: total.malformed += 1
    }
    return !observer.wantsNoMore
  }

  /// The log is over: ends the processes that still live, in the order in which they appeared.
  ///
  /// An observer that marks moments sees the last one again (`returnsToMark`).
  public mutating func finish() {
    finishFaults()
    endProcesses()
    if Observer.returnsToMark && observer.wantsReturn { returnToMark() }
  }

  mutating func endProcesses() {
    for index in livingProcesses { endProcess(index, hasEnded: false) }
    if Observer.keepsObjects { finishObjects() }
  }

  /// In the order in which they appeared.
  var livingProcesses: [Int] {
    var living: [(ordinal: Int, index: Int)] = []
    for index in processes.indices
    where processes[index].isInUse && !processes[index].hasEnded && !processes[index].isUnclaimed {
      living.append((processes[index].ordinal, index))
    }
    return living.sorted { $0.ordinal < $1.ordinal }.map(\.index)
  }

  /// Drops descriptions of files that no VMA maps any more.
  mutating func sweepFiles() {
    var live: Set<UInt32> = []
    spaces.visitAll { space in
      space.forEachFile { live.insert($0.rawValue) }
    }
    files.sweep { live.contains($0.rawValue) }
  }
}

/// Up to where a log is to be replayed.
public enum ReplayLimit: Sendable {
  /// The last line that counts, in the file of this number.
  case line(UInt64, source: UInt32)
  /// The last moment that counts.
  case time(SyscallEvent.Timestamp)

  func excludes(_ item: TraceItem, in batch: TraceBatch) -> Bool {
    let position: (line: UInt64, source: UInt32, time: SyscallEvent.Timestamp)
    switch item {
    case .began(let event), .completed(let event):
      position = (event.line, event.source, event.time)
    case .processEnded(let end): position = (end.line, end.source, end.time)
    case .descriptor(let event): position = (event.line, event.source, event.time)
    case .snapshot(let index):
      position = (batch.snapshots[index].line, batch.snapshots[index].source, .none)
    case .host, .malformed: return false
    }
    switch self {
    case .line(let line, let source): return position.source == source && position.line > line
    case .time(let time): return position.time != .none && position.time > time
    }
  }
}
