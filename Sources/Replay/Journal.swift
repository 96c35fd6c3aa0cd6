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
  /// Items since the copy.
  var itemCount = 0
  /// At so many items the next copy may be worth its price.
  var enough = 0
  /// No copy is made sooner.
  var interval = 4096

  /// The engine was copied right before the item at `cursor`, which is the mark too.
  mutating func open(_ batch: TraceBatch, _ cursor: BatchCursor) {
    batches.removeAll(keepingCapacity: true)
    batches.append(batch)
    start = cursor
    isOpen = true
    itemCount = 0
    enough = interval
    setMark(cursor)
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

/// Page faults that have been read before.
final class KnownFaults: PageFaultSource {
  private var faults: ArraySlice<PageFault>

  init(_ faults: [PageFault]) { self.faults = faults[...] }

  func next() -> PageFault? { faults.popFirst() }
}
