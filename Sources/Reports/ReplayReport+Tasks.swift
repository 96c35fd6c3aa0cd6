import Replay
import SyscallABI

extension ReplayReport {
  /// What is known of a process beside its address space: parent, tasks, end and limits.
  func appendTask(
    _ summary: ProcessSummary, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.key("parent", &out)
    if summary.parent == .none {
      json.null(&out)
    } else {
      json.number(Int(summary.parent.rawValue), &out)
    }
    json.member("tasks", UInt64(summary.taskCount), &out)
    json.key("exit", &out)
    switch summary.exit {
    case .exited(let status):
      json.beginObject(&out)
      json.key("status", &out)
      json.number(Int(status), &out)
      json.endObject(&out)
    case .killed(let signal):
      json.beginObject(&out)
      json.member("signal", SignalName.name(of: signal) ?? "\(signal)", &out)
      json.endObject(&out)
    case nil: json.null(&out)
    }
    json.key("limits", &out)
    json.beginObject(&out)
    for (name, limit) in [
      ("stack", summary.limits.stack), ("as", summary.limits.addressSpace),
      ("data", summary.limits.data), ("memlock", summary.limits.memLock),
    ] {
      json.member(name, limit, &out)
    }
    json.endObject(&out)
  }
}
