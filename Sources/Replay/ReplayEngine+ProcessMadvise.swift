import AddressSpaces
import SyscallABI
import SystemPackage

// process_madvise, which names memory of another process, or since 6.13 of its own. A log does not
// show whose pidfd it is, but what may be advised to another process leaves no trace in VMAs: so
// whatever does is about the caller.

extension ReplayEngine where Index: ~Copyable {
  /// Applies a process_madvise vector by vector; any other call is none of the model's.
  ///
  /// The call returns the bytes of the vectors that were done. The one after them has failed, and
  /// may have changed what it could.
  mutating func applyProcessMadvise(
    _ event: SyscallEvent, process: Int, in batch: TraceBatch
  ) {
    guard case .processMadvise(_, let vectors, let advice) = event.call,
      !advice.mayConcernOthers
    else { return }
    var done: UInt64 = 0
    if event.result.outcome == .returned {
      done = event.result.value
    } else if event.result.errno != Errno.noMemory.rawValue {
      return
    }
    for vector in batch.iovecs[vectors.indices] {
      var part = event
      part.call = .madvise(addr: vector.base, length: vector.length, advice: advice)
      if done < vector.length {
        let operation = MapOperation.madvise(
          addr: vector.base, length: vector.length, advice: advice)
        return spaces.modify(processes[process].space) {
          operation.perform(on: &$0, leniently: false)
        }
      }
      part.result = .returned(0)
      applySuccess(part, process: process, in: batch)
      done -= vector.length
    }
  }
}

extension Advice {
  /// Linux: `process_madvise_remote_valid`.
  fileprivate var mayConcernOthers: Bool {
    switch self {
    case .willNeed, .cold, .pageOut, .collapse: true
    default: false
    }
  }
}
