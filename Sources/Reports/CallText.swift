import Replay
import SyscallABI

/// Recorded calls as reports name them.
enum CallText {
  /// `madvise(MADV_NOHUGEPAGE)`, `mmap(PROT_NONE, MAP_NORESERVE)`; `initial map` for none.
  static func describe(_ call: RecordedCall?) -> String {
    guard let call else { return "initial map" }
    let name = "\(call.name.text)"
    switch call.name {
    case .mmap, .mmap2, .oldMmap:
      let words = [call.prot.names.joined(separator: "|")] + telling(call.flags)
      return "\(name)(\(words.joined(separator: ", ")))"
    case .mprotect, .pkeyMprotect: return "\(name)(\(call.prot.names.joined(separator: "|")))"
    case .madvise, .processMadvise:
      return call.advice.map { "\(name)(\($0.name))" } ?? name
    default: return name
    }
  }

  /// `line 1,204 madvise(MADV_NOHUGEPAGE), tid 7`.
  static func place(_ call: RecordedCall?) -> String {
    guard let call else { return describe(nil) }
    let thread = call.pid == .none ? "" : ", tid \(call.pid.rawValue)"
    return "line \(Figures.grouped(call.line)) \(describe(call))\(thread)"
  }

  /// The flags of an mmap that can keep it apart from its neighbours.
  private static func telling(_ flags: MapFlags) -> [String] {
    let ordinary: Set = [
      "MAP_PRIVATE", "MAP_ANONYMOUS", "MAP_FIXED", "MAP_FIXED_NOREPLACE", "MAP_DENYWRITE",
      "MAP_EXECUTABLE",
    ]
    let names = flags.names.filter { !ordinary.contains($0) }
    return names.isEmpty ? [] : [names.joined(separator: "|")]
  }
}

/// The lines and threads over which calls are spread.
struct CallSpan {
  private(set) var lines: ClosedRange<UInt64>?
  private(set) var threads: ClosedRange<Int32>?

  mutating func add(_ call: RecordedCall?) {
    guard let call else { return }
    lines =
      lines.map { min($0.lowerBound, call.line)...max($0.upperBound, call.line) }
      ?? call.line...call.line
    let thread = call.pid.rawValue
    guard call.pid != .none else { return }
    threads =
      threads.map { min($0.lowerBound, thread)...max($0.upperBound, thread) }
      ?? thread...thread
  }

  /// `line 7`, `lines 1,204 to 98,771`; a dash for calls before the log.
  var linesText: String {
    guard let lines else { return "-" }
    return text("line", Figures.grouped(lines.lowerBound), Figures.grouped(lines.upperBound))
  }

  /// `tid 7`, `tids 7 to 12`.
  var threadsText: String {
    guard let threads else { return "-" }
    return text("tid", "\(threads.lowerBound)", "\(threads.upperBound)")
  }

  private func text(_ noun: String, _ first: String, _ last: String) -> String {
    first == last ? "\(noun) \(first)" : "\(noun)s \(first) to \(last)"
  }
}
