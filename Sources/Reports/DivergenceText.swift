import Replay
import SyscallABI
import SystemPackage

/// A difference between the model and the kernel in words.
struct DivergenceText {
  /// What the model has.
  var expected: String
  /// What the kernel did.
  var found: String
  var cause: String

  init(_ divergence: Divergence) {
    switch divergence.kind {
    case .succeeded(let errno):
      expected = Errno.name(of: errno)
      found = "success"
      cause = Self.causeOfSuccess(expected: errno)
    case .failed(let errno):
      expected = "success"
      found = Errno.name(of: errno)
      cause = Self.causeOfFailure(errno)
    case .errno(let recorded, let errno):
      expected = Errno.name(of: errno)
      found = Errno.name(of: recorded)
      cause = Self.causeOfFailure(recorded)
    case .overlap(let range):
      expected = "a free range"
      found = "placed at \(range), where the model has live VMAs"
      cause = "a call that unmapped it is not in the log, or took effect before its line"
    case .programBreak(let recorded, let model):
      expected = "\(model)"
      found = "\(recorded)"
      cause = "RLIMIT_DATA, or a mapping above the heap that the log does not show"
    }
  }

  private static func causeOfSuccess(expected: Int32) -> String {
    switch Errno(rawValue: expected) {
    case .noMemory, .badAddress:
      "memory that was mapped before the log began, by a call that it lacks, or a higher limit"
    case .fileExists: "a call that unmapped it is not in the log, or took effect before its line"
    case .permissionDenied, .notPermitted:
      "how a file was opened, or a seal, is not as the log lets it seem"
    default: "another kernel than the one whose rules are followed (--kernel)"
    }
  }

  private static func causeOfFailure(_ errno: Int32) -> String {
    switch Errno(rawValue: errno) {
    case .noMemory:
      "a limit that the log does not show (max_map_count, RLIMIT_AS, overcommit), or memory that "
        + "another thread unmapped"
    case .resourceTemporarilyUnavailable: "RLIMIT_MEMLOCK, which the log does not show"
    case .badFileDescriptor: "a descriptor that was closed before"
    case .permissionDenied, .notPermitted: "how a file was opened, a seal, or the file system"
    case .fileExists: "memory that was mapped before the log began, or by a call that it lacks"
    default: "another kernel than the one whose rules are followed (--kernel)"
    }
  }

  static func text(of cause: MapDisagreement.Cause) -> String {
    switch cause {
    case .growth: "the stack grew by page faults, which no strace log shows"
    case .pageFaults:
      "which pages were written, and when, which no strace log shows (--faults)"
    case .concurrency: "the order in which calls of several threads took effect"
    case .missingCall: "memory that was mapped before the log began, or by a call that it lacks"
    case .surplus: "memory that was unmapped by a call that the log lacks"
    case .attributes: "a call that the log lacks, or another kernel's rules (--kernel)"
    }
  }
}
