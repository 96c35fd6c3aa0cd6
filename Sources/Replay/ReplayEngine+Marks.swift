import AddressSpaces
import SyscallABI

// The way back to a moment of which only the rest of the log tells that it matters: the peak. The
// log is read once. At a mark the engine is copied, but only if since the last copy so many items
// have passed that copying costs little for each; else the batches since that copy are kept, and
// the mark is a position in them.
//
//     items   ---1---2---3---3---2---4---3---2-- ... --2---1   (VMAs)
//                C...................^                         C: copy   ^: mark   .: kept

extension ReplayEngine where Index: ~Copyable {
  /// `apply` for an observer that marks moments.
  mutating func applyMarking(_ batch: TraceBatch, until limit: ReplayLimit?) -> Bool {
    if journal.isOpen { journal.append(batch) }
    var cursor = BatchCursor()
    while cursor.item < batch.items.count {
      guard applyNext(of: batch, at: &cursor, until: limit) else { return false }
      journal.itemCount += batch.weight(ofItem: cursor.item - 1)
      if journal.isOpen && faultFeed?.hasLostFaults == true { journal.close() }
      if observer.takeMark() {
        mark(batch, cursor)
      } else if journal.isOpen && journal.itemCount >= journal.enough {
        journal.enough = worthOfCopy
        if journal.itemCount >= journal.enough { journal.close() }
      }
    }
    if files.needsSweep { sweepFiles() }
    return true
  }

  /// The item before `cursor` is where to return to.
  private mutating func mark(_ batch: TraceBatch, _ cursor: BatchCursor) {
    if journal.isOpen {
      if journal.itemCount >= journal.enough { journal.enough = worthOfCopy }
      // A map that goes on growing is better copied at its peak.
      let count = batch.growsMap(at: cursor.item) ? journal.itemCount / 4 : journal.itemCount
      if count >= journal.enough { journal.enough = worthOfCopy }
      if count < journal.enough { return journal.setMark(cursor) }
    }
    journal.copy = nil
    faultFeed?.record()
    journal.copy = EngineCopy(copy())
    journal.open(batch, cursor)
  }

  /// As many items as cost about what a copy does: copying a VMA takes a tenth of the time of a
  /// call, and much less memory than a kept item.
  private var worthOfCopy: Int {
    var worth = 0
    spaces.visitAll { worth += $0.mapCount / 4 + 8 }
    return max(worth, journal.interval)
  }

  /// The log is over and its processes have ended: goes back to the last mark and ends them there.
  mutating func returnToMark() {
    guard let copy = journal.copy, let mark = journal.mark else { return }
    journal.copy = nil
    copy.engine.faultFeed?.source = KnownFaults(journal.faults)
    copy.engine.replay(journal, to: mark)
    observer = copy.engine.observer
  }

  private mutating func replay(_ journal: Journal<Index, Observer>, to mark: BatchMark) {
    var cursor = journal.start
    for batch in journal.batches[..<mark.batch] {
      while cursor.item < batch.items.count { _ = applyNext(of: batch, at: &cursor, until: nil) }
      if files.needsSweep { sweepFiles() }
      cursor = BatchCursor()
    }
    let last = journal.batches[mark.batch]
    while cursor.item < mark.end { _ = applyNext(of: last, at: &cursor, until: nil) }
    if faultFeed != nil, case .completed(let event) = last.items[mark.end - 1] {
      passLimit(.line(event.line, source: event.source))
    }
    observer.didReturn()
    // Nobody sees how this engine sums them up.
    for index in livingProcesses {
      let view = processes[index].view
      spaces.read(processes[index].space) { observer.willEnd(view, space: $0, files: files) }
    }
  }

  /// Applies the next item of a batch; false if it lies beyond `limit` or the observer has seen
  /// enough.
  private mutating func applyNext(
    of batch: TraceBatch, at cursor: inout BatchCursor, until limit: ReplayLimit?
  ) -> Bool {
    let item = batch.items[cursor.item]
    if Observer.tracksOrigins {
      observer.calls.stack = batch.stack(of: cursor.item, &cursor.stack)
    }
    cursor.item += 1
    if faultFeed != nil { return applyWithFaults(item, in: batch, until: limit) }
    if let limit, limit.excludes(item, in: batch) { return false }
    return apply(item, in: batch)
  }

  /// The same replay at the same item, without the sums of what is over.
  ///
  /// - Complexity: O(live VMAs, tasks and files).
  private borrowing func copy() -> ReplayEngine {
    var copy = ReplayEngine(options: options, paths: paths, observer: observer)
    copy.files = files
    copy.host = host
    copy.spaces = spaces.copy()
    copy.certainty = certainty
    copy.lineages = lineages
    copy.tasks = tasks
    copy.processes = processes
    copy.freeProcesses = freeProcesses
    copy.placementRules = placementRules
    copy.nextOrdinal = nextOrdinal
    copy.segments = segments
    copy.policies = policies
    copy.namesDescriptors = namesDescriptors
    copy.hasAnonymousNames = hasAnonymousNames
    copy.nextOpen = nextOpen
    copy.faultFeed = faultFeed
    copy.lastCompared = lastCompared
    copy.unclaimedInitialMaps = unclaimedInitialMaps
    return copy
  }
}
