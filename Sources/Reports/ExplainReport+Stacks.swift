import Replay
import SyscallABI

extension ExplainReport {
  /// Where in the program a call was made, the innermost function first: `mark_slab < work < main`.
  func site(_ call: RecordedCall?) -> String {
    guard let call else { return "initial map" }
    let frames = stacks.map { $0[call.stack] } ?? []
    if frames.isEmpty { return "no stack in the log" }
    return frames.joined(separator: " < ")
  }

  /// ` at mark_slab < work`; nothing where the log shows no stack.
  func siteSuffix(_ call: RecordedCall?) -> String {
    guard let call, let stacks, call.stack != .none else { return "" }
    return " at \(stacks[call.stack].joined(separator: " < "))"
  }

  /// Boundaries and holes by the stacks that made them, as flame graph tools read them, the
  /// outermost function first: `main;work;mark_slab 12`. The counts add up to the VMAs but one.
  public func appendFolded(_ out: inout OutputBuffer) {
    var counts: [String: Int] = [:]
    for boundary in explanation.boundaries {
      counts[folded(boundary.equalSince ?? boundary.setter), default: 0] += 1
    }
    for hole in explanation.holes { counts[folded(hole.call), default: 0] += 1 }
    let order = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    for (stack, count) in order { out.append(line: "\(stack) \(count)") }
  }

  private func folded(_ call: RecordedCall?) -> String {
    guard let call else { return "[initial map]" }
    let frames = stacks.map { $0[call.stack] } ?? []
    if frames.isEmpty { return "[no stack]" }
    // What parts the frames must not be in their names.
    return frames.reversed().map { String($0.map { $0 == ";" ? ":" : $0 }) }
      .joined(separator: ";")
  }
}
