import AddressSpaces
import SyscallABI

// Calls that overlap: the log shows when each began and ended, not when it took effect.

extension ReplayEngine where Index: ~Copyable {
  /// A mapping was placed where the model has live VMAs: a call of another thread that has begun
  /// and not ended must have unmapped them before.
  ///
  /// - Returns: whether there were any.
  @discardableResult
  mutating func clearWay(for range: AddressRange, _ event: SyscallEvent, process: Int) -> Bool {
    let id = processes[process].space
    guard spaces.modify(id, { $0.isOccupied(range) }) else { return false }
    for slot in tasks.slots(where: { $0.pending != nil && !$0.pending!.isApplied }) {
      guard !tasks[slot].isDead, processes[tasks[slot].process].space == id,
        let freed = tasks[slot].pending!.event.call.freedRange, freed.overlaps(range)
      else { continue }
      spaces.modify(id) { try? $0.munmap(freed.start, length: freed.length, leniently: true) }
      if Observer.readsCertainty { readEarlyUnmapping(of: freed, slot, event) }
      tasks[slot].pending!.isApplied = true
    }
    if spaces.read(id, { $0.isMapped(anyOf: range) }) {
      diverge(.overlap(range), event, process: process)
    }
    return true
  }

  /// A mapping is not where the kernel would put it, but would be if mappings of other threads that
  /// have begun and not ended had their places already: then these came first.
  ///
  /// Where they end is looked for in the batch only: at the border of two batches, one call in some
  /// thousands, the order stays that of the ends. Nothing is known for a kernel whose choice
  /// depends on what it remembers (before 3.8), or where `mmap_base` is unknown.
  mutating func letEarlierGoFirst(_ event: SyscallEvent, process: Int, in batch: TraceBatch) {
    guard options.profile.follows(.takesHighestGap), event.call.mayChooseAddress else { return }
    let id = processes[process].space
    var order = PlacementOrder(files: files, paths: paths, rules: placementRules)
    var isPlaced = true
    spaces.read(id) { isPlaced = $0.mmapBase == .zero || order.isPlaced(event, in: $0) }
    if isPlaced { return }
    let others = placementsInFlight(in: id, batch)
    if others.isEmpty { return }
    let first = spaces.read(id) { order.search(before: event, others, in: $0) }
    for position in first {
      let other = others[position]
      applyEarly(other.event, slot: other.slot, during: event, process: process, in: batch)
    }
  }

  /// The mappings in flight that will turn out to have succeeded, with their ends.
  private func placementsInFlight(
    in id: SpaceTable<Index>.ID, _ batch: TraceBatch
  ) -> [PlacementOrder.Other] {
    let slots = tasks.slots { task in
      guard let pending = task.pending, !pending.isApplied, !task.isDead else { return false }
      guard case .mmap = pending.event.call, pending.event.call.mayChooseAddress else {
        return false
      }
      return processes[task.process].space == id
    }
    return slots.compactMap { slot in
      let pending = tasks[slot].pending!.event
      for case .completed(let end) in batch.items
      where end.pid == pending.pid && end.source == pending.source && end.line > pending.line {
        guard end.result.succeeded, end.name == pending.name else { return nil }
        return PlacementOrder.Other(event: end, slot: slot)
      }
      return nil
    }.sorted { $0.event.line < $1.event.line }
  }

  private mutating func applyEarly(
    _ earlier: SyscallEvent, slot: Int, during event: SyscallEvent, process: Int,
    in batch: TraceBatch
  ) {
    let kept = (certainty.beginning, certainty.hasOthers)
    if Observer.readsCertainty {
      certainty.beginning = tasks[slot].pending?.event.line
      certainty.hasOthers = true
    }
    noteCall(earlier, process: process)
    if Observer.rewritesCalls {
      applyRewritten(earlier, process: tasks[slot].process, in: batch, isApplied: false)
    } else {
      applyToMap(earlier, process: tasks[slot].process, in: batch)
    }
    noteCall(event, process: process)
    tasks[slot].pending!.isApplied = true
    (certainty.beginning, certainty.hasOthers) = kept
  }
}

extension SyscallEvent.Call {
  /// What the call unmaps if it succeeds, where its arguments alone say that.
  var freedRange: AddressRange? {
    let range: (start: Address, length: UInt64)
    switch self {
    case .munmap(let addr, let length): range = (addr, length)
    case .mremap(let old, let oldSize, let newSize, _, _) where newSize < oldSize:
      range = (old &+ newSize, oldSize - newSize)
    default: return nil
    }
    guard let size = Page.align(range.length), range.start.rawValue <= UInt64.max - size
    else { return nil }
    return AddressRange(range.start, range.start &+ size)
  }
}
