// Unchecked because two threads share memory under a lock that the compiler does not know. What
// makes it safe: `reader` is used by one thread at a time, which has set `isDecoding` under
// `monitor`; a delivery belongs to the decoding thread until it is in `deliveries`, then to who
// takes it out; everything else is touched only under `monitor`, but for `isOver`, which the
// calling thread alone knows.

import SyscallABI

/// Decodes on a thread of its own, some batches ahead of the thread that uses them. Batches, errors
/// and positions are the same as without it.
///
/// If that thread inflates as well (`BatchReader.sharedSource`), it does this first, and decodes
/// when there is enough. The thread that would wait for a batch then decodes the next one itself,
/// or inflates if that is what nobody does.
///
/// ```
/// thread   inflates  inflates  decodes 3  inflates  inflates  ...
/// caller   decodes 1  uses 1  decodes 2  uses 2  uses 3  decodes 4 ...
/// ```
final class DecodingThread: @unchecked Sendable {
  private struct Delivery {
    var batch: TraceBatch
    var position: ReadPosition
    var outcome: Outcome
  }

  private enum Outcome {
    case goesOn
    case ended
    case failed(TraceError)
  }

  /// What the thread does next.
  private enum Step {
    case inflate
    case decode(into: TraceBatch)
  }

  /// What the caller's thread does next.
  private enum Share {
    case use(Outcome)
    case inflate
    case decode
  }

  /// So many batches may wait for their user.
  private static let depth = 2

  private let reader: BatchReader
  private let source: PipelinedSource?
  private let monitor: Monitor
  private var deliveries: [Delivery] = []
  /// Batches whose memory is to be used again.
  private var spares: [TraceBatch] = []
  private var isDecoding = false
  private var isStarted = false
  private var isCancelled = false
  /// The last batch has been decoded.
  private var hasEnded = false
  /// The last batch has been taken.
  private var isOver = false

  init(_ reader: BatchReader) {
    self.reader = reader
    source = reader.sharedSource
    monitor = reader.sharedSource?.monitor ?? Monitor()
  }

  /// - Returns: the reader if no thread can be started; nil once one runs.
  func startIfNeeded() -> BatchReader? {
    if isStarted { return nil }
    isStarted = DetachedThread.start { self.work() } == 0
    return isStarted ? nil : reader
  }

  func cancel() {
    monitor.change {
      isCancelled = true
    }
  }

  /// As `BatchReader.nextBatch`; `position` becomes that behind the batch.
  func nextBatch(
    into batch: inout TraceBatch, _ position: inout ReadPosition
  ) throws(TraceError) -> Bool {
    batch.removeAll()
    if isOver { return false }
    while true {
      switch nextShare(&batch, &position) {
      case .use(let outcome): return try tell(outcome)
      case .inflate: source!.fill()
      case .decode:
        let outcome = decode(into: &batch)
        position = reader.position
        finishDecoding(outcome)
        return try tell(outcome)
      }
    }
  }

  /// What the calling thread does next: use a batch, or whatever brings one sooner.
  private func nextShare(_ batch: inout TraceBatch, _ position: inout ReadPosition) -> Share {
    monitor.change {
      while true {
        if !deliveries.isEmpty {
          var next = deliveries.removeFirst()
          swap(&batch, &next.batch)
          spares.append(next.batch)
          position = next.position
          return .use(next.outcome)
        }
        if let source {
          if !isDecoding {
            isDecoding = true
            return .decode
          }
          // A pipe may have nothing for long, and a batch comes sooner.
          if source.totalCompressedBytes != nil && source.claim() { return .inflate }
        }
        monitor.wait()
      }
    }
  }

  private func tell(_ outcome: Outcome) throws(TraceError) -> Bool {
    switch outcome {
    case .goesOn: return true
    case .ended:
      isOver = true
      return false
    case .failed(let error):
      isOver = true
      throw error
    }
  }

  /// The thread: goes on until the end, an error, or until nobody wants any more.
  private func work() {
    while let step = nextStep() {
      switch step {
      case .inflate: source!.fill()
      case .decode(var batch):
        let outcome = decode(into: &batch)
        let delivery = Delivery(batch: batch, position: reader.position, outcome: outcome)
        finishDecoding(outcome, delivery)
      }
    }
  }

  private func nextStep() -> Step? {
    monitor.withLock {
      while true {
        if isCancelled || hasEnded { return nil }
        if let source, source.claim() { return .inflate }
        if deliveries.count < Self.depth && !isDecoding {
          isDecoding = true
          return .decode(into: spares.popLast() ?? TraceBatch())
        }
        monitor.wait()
      }
    }
  }

  private func decode(into batch: inout TraceBatch) -> Outcome {
    do throws(TraceError) {
      return try reader.nextBatch(into: &batch) ? .goesOn : .ended
    } catch {
      return .failed(error)
    }
  }

  private func finishDecoding(_ outcome: Outcome, _ delivery: Delivery? = nil) {
    monitor.change {
      isDecoding = false
      if let delivery { deliveries.append(delivery) }
      if case .goesOn = outcome { return }
      hasEnded = true
    }
  }
}
