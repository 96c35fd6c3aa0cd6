import AddressSpaces
public import SyscallABI

// Page faults that are known: between the calls of the log, each at its moment.

/// The faults of a list that have not happened yet.
struct FaultFeed {
  var source: any PageFaultSource
  var next: PageFault?
  /// Recorded maps that wait for the next line with a time: it says which faults came before them.
  var held: [Snapshot] = []
  /// Faults of threads that the log has not named yet: the first lines of a child can come before
  /// its parent's clone returns.
  var orphans: [PID: [PageFault]] = [:]
  var orphanCount = 0

  /// So many are kept: most threads without a name belong to programs that were not traced.
  static let orphanLimit = 65_536

  init(_ source: any PageFaultSource) {
    self.source = source
    next = source.next()
  }

  /// Takes the next fault from the source.
  mutating func step() { next = source.next() }
}

extension ReplayEngine where Index: ~Copyable {
  /// Gives the replay a list of page faults, which replaces all assumptions: to be called before
  /// the first batch, with `ReplayOptions.faultsAreListed`.
  public mutating func setFaults(_ source: any PageFaultSource) { faultFeed = FaultFeed(source) }

  /// `apply` with a list of faults.
  mutating func applyWithFaults(_ batch: TraceBatch, until limit: ReplayLimit?) -> Bool {
    var nextStack = 0
    for (position, item) in batch.items.enumerated() {
      if Observer.tracksOrigins { observer.calls.stack = batch.stack(of: position, &nextStack) }
      if !applyWithFaults(item, in: batch, until: limit) { return false }
    }
    if files.needsSweep { sweepFiles() }
    return true
  }

  /// One item, after the faults before it; false if it lies beyond `limit` or the observer has seen
  /// enough.
  mutating func applyWithFaults(
    _ item: TraceItem, in batch: TraceBatch, until limit: ReplayLimit?
  ) -> Bool {
    if let limit, limit.excludes(item, in: batch) {
      passLimit(limit)
      return false
    }
    switch item {
    case .began(let event), .completed(let event):
      advance(line: event.line, time: event.time)
    case .processEnded(let end):
      advance(line: end.line, time: end.time)
    case .snapshot(let index):
      let snapshot = batch.snapshots[index]
      if snapshot.comparesMaps {
        faultFeed!.held.append(snapshot)
        return true
      }
      advance(line: snapshot.line, time: .none)
    case .descriptor, .host, .malformed: break
    }
    return apply(item, in: batch)
  }

  /// Everything that happened before this line and time, in the order of the list.
  mutating func advance(line: UInt64, time: SyscallEvent.Timestamp) {
    while let fault = faultFeed!.next, fault.isBefore(line: line, time: time) {
      faultFeed!.step()
      apply(fault)
    }
    if !faultFeed!.held.isEmpty { meetHeldSnapshots() }
  }

  private mutating func meetHeldSnapshots() {
    let held = faultFeed!.held
    faultFeed!.held.removeAll(keepingCapacity: true)
    for snapshot in held { meet(snapshot) }
  }

  /// What happened up to the limit; nothing after it counts.
  mutating func passLimit(_ limit: ReplayLimit) {
    switch limit {
    case .line(let line, _): advance(line: line + 1, time: .none)
    case .time(let time): advance(line: 0, time: time)
    }
    faultFeed = nil
  }

  /// The log is over: what is left of the list happened after its last line.
  mutating func finishFaults() {
    guard faultFeed != nil else { return }
    while let fault = faultFeed!.next {
      faultFeed!.step()
      apply(fault)
    }
    meetHeldSnapshots()
    faultFeed = nil
  }

  private mutating func apply(_ fault: PageFault) {
    guard let slot = tasks.find(fault.thread) ?? tasks.find(.none) else {
      if faultFeed!.orphanCount < FaultFeed.orphanLimit {
        faultFeed!.orphans[fault.thread, default: []].append(fault)
        faultFeed!.orphanCount += 1
      }
      return
    }
    if !tasks[slot].isDead { apply(fault, process: tasks[slot].process) }
  }

  private mutating func apply(_ fault: PageFault, process: Int) {
    guard !processes[process].hasEnded else { return }
    spaces.modify(processes[process].space) {
      $0.pageFault(at: fault.address, isWrite: fault.isWrite)
    }
  }

  /// A thread has got its name: its faults so far.
  mutating func adoptFaults(of pid: PID, process: Int) {
    // Not before its initial map is there.
    guard faultFeed != nil, unclaimedInitialMaps.isEmpty,
      let faults = faultFeed!.orphans.removeValue(forKey: pid)
    else { return }
    faultFeed!.orphanCount -= faults.count
    for fault in faults { apply(fault, process: process) }
  }
}

extension PageFault {
  fileprivate func isBefore(line: UInt64, time: SyscallEvent.Timestamp) -> Bool {
    switch moment {
    case .line(let own): own < line
    case .time(let own): time != .none && own <= time
    }
  }
}

extension Snapshot {
  /// It is compared with the model, so that everything before it must have been applied.
  fileprivate var comparesMaps: Bool {
    if case .inflight = content { return true }
    return moment == .check || moment == .exit
  }
}
