import AddressSpaces
import SyscallABI

// The second reading: what the log leaves open. Nothing here is called unless the observer asks.

extension ReplayEngine where Index: ~Copyable {
  /// Which calls are under way while the one of this task is applied.
  mutating func noteOverlaps(of slot: Int, _ pending: EndedCall?) {
    certainty.beginning = pending?.line
    certainty.hasOthers = hasOtherPending(than: slot)
  }

  private func hasOtherPending(than slot: Int) -> Bool {
    let space = processes[tasks[slot].process].space
    return !tasks.slots { task in
      guard let pending = task.pending, !pending.isApplied, !task.isDead else { return false }
      return processes[task.process].space == space && pending.event.call.mayChangeMap
    }.allSatisfy { $0 == slot }
  }

  mutating func readSuccess(of operation: MapOperation, _ event: SyscallEvent, process: Int) {
    let id = processes[process].space
    let footprint = operation.footprint
    let edges = overlapEdges(footprint, id.slot)
    spaces.read(id) { space in
      operation.read(into: &certainty[id.slot], after: space)
    }
    noteOverlap(operation, footprint, edges, event, slot: id.slot)
  }

  mutating func readFailure(
    of operation: MapOperation, isExpected: Bool, _ event: SyscallEvent, process: Int
  ) {
    let id = processes[process].space
    let footprint = operation.footprint
    let edges = overlapEdges(footprint, id.slot)
    spaces.read(id) { space in
      operation.readFailure(into: &certainty[id.slot], isExpected: isExpected, after: space)
    }
    noteOverlap(operation, footprint, edges, event, slot: id.slot)
  }

  mutating func readBreak(
    from old: Address, to new: Address, _ event: SyscallEvent, process: Int
  ) {
    if old == new || old == .zero { return }
    let id = processes[process].space
    let range = AddressRange(min(old, new), max(old, new))
    let edges = overlapEdges([range], id.slot)
    spaces.read(id) { space in
      certainty[id.slot].moveBreak(from: old, to: new, after: space)
    }
    noteOverlap(nil, [range], edges, event, slot: id.slot)
  }

  /// A call of another thread that must have unmapped `range` before `event`.
  mutating func readEarlyUnmapping(of range: AddressRange, _ slot: Int, _ event: SyscallEvent) {
    let id = processes[tasks[slot].process].space
    let kept = (certainty.beginning, certainty.hasOthers)
    certainty.beginning = tasks[slot].pending?.event.line
    certainty.hasOthers = true
    let edges = overlapEdges([range], id.slot)
    spaces.read(id) { space in
      certainty[id.slot].munmap(range, after: space)
    }
    noteOverlap(nil, [range], edges, event, slot: id.slot)
    (certainty.beginning, certainty.hasOthers) = kept
  }

  private func overlapEdges(_ footprint: [AddressRange], _ slot: Int) -> [Address] {
    guard certainty.beginning != nil || certainty.hasOthers else { return [] }
    return footprint.flatMap { certainty[slot].edges(in: $0) }
  }

  private mutating func noteOverlap(
    _ operation: MapOperation?, _ footprint: [AddressRange], _ edges: [Address],
    _ event: SyscallEvent, slot: Int
  ) {
    guard certainty.beginning != nil || certainty.hasOthers else { return }
    for range in footprint {
      certainty.meetOverlaps(
        slot,
        CertaintyTable.Overlap(
          line: event.line, range: range,
          edges: edges.filter { $0 >= range.start && $0 <= range.end },
          flags: operation?.change?.flags.union(.account) ?? [],
          moves: operation?.isMove ?? false))
    }
  }

  mutating func noteInterval(process: Int) {
    let slot = processes[process].space.slot
    if processes[process].summary.certainty == nil {
      processes[process].summary.certainty = CertaintySummary()
    }
    processes[process].summary.certainty!.notePeak(certainty[slot])
  }

  mutating func observeCertainty(_ event: SyscallEvent, process: Int) {
    noteInterval(process: process)
    let view = processes[process].view
    let id = processes[process].space
    spaces.read(id) { space in
      observer.didApply(event, process: view, certain: certainty[id.slot], space: space)
    }
  }

  mutating func noteCertaintyAtEnd(_ process: Int, _ view: ProcessView) {
    noteInterval(process: process)
    let id = processes[process].space
    processes[process].summary.certainty!.noteEnd(certainty[id.slot])
    spaces.read(id) { space in
      observer.willEnd(view, certain: certainty[id.slot], space: space, files: files)
    }
  }

  // MARK: Snapshots

  /// A map that sets the address space.
  mutating func readMap(_ entries: [MapsEntry], in process: Int, isFresh: Bool) {
    let slot = processes[process].space.slot
    certainty.start(slot, options.profile)
    certainty[slot].observe(observed(entries, isFresh: isFresh))
    noteInterval(process: process)
  }

  /// The kernel's own map, in which everything above it in the log has taken effect, unless a call
  /// was under way.
  mutating func narrow(by snapshot: Snapshot, process: Int) {
    let view = processes[process].view
    let slot = processes[process].space.slot
    observer.didMeet(snapshot, process: view, certain: certainty[slot])
    guard snapshot.moment != nil, case .maps(let entries) = snapshot.content,
      !hasPending(in: processes[process].space)
    else { return }
    certainty[slot].observe(observed(entries, isFresh: false))
  }

  private func hasPending(in space: SpaceTable<Index>.ID) -> Bool {
    !tasks.slots { task in
      guard let pending = task.pending, !task.isDead else { return false }
      return processes[task.process].space == space && pending.event.call.mayChangeMap
    }.isEmpty
  }

  private mutating func observed(_ entries: [MapsEntry], isFresh: Bool) -> [ObservedVMA] {
    entries.compactMap { entry in
      let kind = SnapshotName(paths.bytes(of: entry.name))
      if kind == .vsyscall || entry.range.isEmpty { return nil }
      let file =
        kind.isAnonymous
        ? FileDescriptionID.none : files.description(for: entry, isShareable: kind == .file)
      let flags = entry.vmFlags ?? kind.likelyFlags(entry.permissions)
      return ObservedVMA(
        range: entry.range, flags: flags,
        doubtfulFlags: entry.vmFlags == nil ? kind.hiddenFlags(entry.permissions) : [],
        file: file, offset: entry.offset, hasCloseHook: kind == .sysV,
        isWritten: (entry.anonymousKiB ?? 0) > 0, isFresh: isFresh && kind != .stack)
    }
  }
}

extension SnapshotName {
  /// Flags that permissions and name do not tell.
  fileprivate func hiddenFlags(_ permissions: VMAFlags) -> VMAFlags {
    if self == .kernel { return [] }
    var flags: VMAFlags = [
      .account, .noReserve, .locked, .lockOnFault, .seqRead, .randRead, .dontCopy, .dontDump,
      .wipeOnFork, .hugePage, .noHugePage, .mergeable, .sealed,
    ]
    if self != .stack { flags.insert(.growsDown) }
    if permissions.contains(.mayShare) { flags.formUnion([.shared, .mayWrite]) }
    return flags
  }
}

extension SyscallEvent.Call {
  /// It is a call that may change which VMAs there are.
  fileprivate var mayChangeMap: Bool {
    switch self {
    case .clone, .clone3, .fork, .execve, .exit, .shmget, .setLimit: false
    default: true
    }
  }
}
