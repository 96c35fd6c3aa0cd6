// Unchecked because two threads share memory under a lock that the compiler does not know. What
// makes it safe: `reader` is used by the decoding thread only once that is started; a delivery
// belongs to the decoding thread until it is in `deliveries`, then to who takes it out; everything
// else is touched only under `monitor`.

import SyscallABI

/// Decodes on a thread of its own, some batches ahead of the thread that uses them. Batches, errors
/// and positions are the same as without it.
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

  /// So many batches may wait for their user.
  private static let depth = 2

  private let reader: BatchReader
  private let monitor = Monitor()
  private var deliveries: [Delivery] = []
  /// Batches whose memory is to be used again.
  private var spares: [TraceBatch] = []
  private var isStarted = false
  private var isCancelled = false
  /// The last batch has been taken.
  private var isOver = false

  init(_ reader: BatchReader) {
    self.reader = reader
  }

  /// - Returns: the reader if no thread can be started; nil once one runs.
  func startIfNeeded() -> BatchReader? {
    if isStarted { return nil }
    isStarted = DetachedThread.start { self.decode() } == 0
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
    var outcome = Outcome.ended
    monitor.change {
      while deliveries.isEmpty { monitor.wait() }
      var next = deliveries.removeFirst()
      swap(&batch, &next.batch)
      spares.append(next.batch)
      position = next.position
      outcome = next.outcome
    }
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

  /// The decoding thread: goes on until the end, an error, or until nobody wants any more.
  private func decode() {
    while var batch = waitForRoom() {
      var outcome = Outcome.goesOn
      do throws(TraceError) {
        if !(try reader.nextBatch(into: &batch)) { outcome = .ended }
      } catch {
        outcome = .failed(error)
      }
      let delivery = Delivery(batch: batch, position: reader.position, outcome: outcome)
      monitor.change {
        deliveries.append(delivery)
      }
      if case .goesOn = outcome { continue }
      return
    }
  }

  private func waitForRoom() -> TraceBatch? {
    monitor.withLock {
      while deliveries.count == Self.depth && !isCancelled { monitor.wait() }
      return isCancelled ? nil : spares.popLast() ?? TraceBatch()
    }
  }
}
