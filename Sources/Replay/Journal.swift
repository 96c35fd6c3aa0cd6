import AddressSpaces
import SyscallABI

/// A copy of an engine and what was applied since, up to a mark.
///
/// Whole batches are kept, without copying them: items name positions in them, and where calls
/// overlap the engine looks ahead in the batch.
struct Journal<Index: VMAIndex & ~Copyable, Observer: ReplayObserver> {
  var copy: EngineCopy<Index, Observer>?
  var batches: [TraceBatch] = []
  /// What the copy has not seen of the first batch.
  private(set) var start = BatchCursor()
  private(set) var mark: BatchMark?
  /// Known page faults since the copy; complete when the log is over.
  var faults: [PageFault] = []
  /// What is applied is kept.
  private(set) var isOpen = false
  /// Items since the copy, and the lines of recorded maps among them.
  var itemCount = 0
  /// At so many items the next copy may be worth its price.
  var enough = 0
  /// No copy is made sooner.
  var interval = 4096

  /// The engine was copied right before the item at `cursor`, which is the mark too.
  mutating func open(_ batch: TraceBatch, _ cursor: BatchCursor) {
    batches.removeAll(keepingCapacity: true)
    append(batch)
    start = cursor
    isOpen = true
    itemCount = 0
    enough = interval
    setMark(cursor)
  }

  /// A batch is about to be applied.
  mutating func append(_ batch: TraceBatch) {
    if batch.items.isEmpty { return }
    batches.append(batch)
    // Where other calls are many, a batch has few items and room for thousands.
    if batch.items.count < batch.items.capacity / 4 {
      batches[batches.count - 1].items = Array(batch.items[...])
    }
  }

  mutating func setMark(_ cursor: BatchCursor) {
    mark = BatchMark(batch: batches.count - 1, end: cursor.item)
  }

  /// What comes after the mark is not kept: the next mark will be worth a copy.
  mutating func close() {
    isOpen = false
    if let mark { batches.removeSubrange((mark.batch + 1)...) }
  }
}

/// Holds an engine, since a struct cannot hold a copy of itself.
final class EngineCopy<Index: VMAIndex & ~Copyable, Observer: ReplayObserver> {
  var engine: ReplayEngine<Index, Observer>

  init(_ engine: consuming ReplayEngine<Index, Observer>) { self.engine = engine }
}

/// The next item of a batch, and the next of its stacks.
struct BatchCursor: BitwiseCopyable {
  var item = 0
  var stack = 0
}

/// A position in the batches of a journal: `end` is the item behind the marked one.
struct BatchMark: BitwiseCopyable {
  var batch: Int
  var end: Int
}

extension TraceBatch {
  /// Whether an item makes a new mapping; true behind the last item, since nobody knows.
  func growsMap(at position: Int) -> Bool {
    if position == items.count { return true }
    guard case .completed(let event) = items[position], event.result.succeeded else { return false }
    if case .mmap = event.call { return true }
    return false
  }

  /// How many items of usual size an item is worth: a recorded map has as many lines as VMAs.
  func weight(ofItem position: Int) -> Int {
    guard case .snapshot(let index) = items[position],
      case .maps(let entries) = snapshots[index].content
    else { return 1 }
    return 1 + entries.count
  }
}

/// Page faults that have been read before.
final class KnownFaults: PageFaultSource {
  private var faults: ArraySlice<PageFault>

  init(_ faults: [PageFault]) { self.faults = faults[...] }

  func next() -> PageFault? { faults.popFirst() }
}
