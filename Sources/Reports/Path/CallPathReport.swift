import AddressSpaces
public import Replay
public import SyscallABI
import SystemPackage

/// The path of one call through the kernel's functions, and the VMAs around it.
public struct CallPathReport {
  let trace: String
  let kernel: String
  let call: TracedCall
  let paths: PathTable
  let text: PathText
  let drawing: CallDrawing

  public init(trace: String, kernel: String, call: TracedCall, paths: PathTable) {
    self.trace = trace
    self.kernel = kernel
    self.call = call
    self.paths = paths
    text = PathText(paths: paths, call: call)
    drawing = CallDrawing(call)
  }

  /// Appends the report. Only `text` and `json` are offered.
  public func append(to out: inout OutputBuffer, format: OutputFormat) {
    if format == .json { appendJSON(&out) } else { appendText(&out) }
  }

  private func appendText(_ out: inout OutputBuffer) {
    let pid = call.event.pid == .none ? "" : " [\(call.event.pid.rawValue)]"
    out.append(
      line: "\(trace): line \(Figures.grouped(call.event.line))\(pid) \(callText)")
    out.append(line: "rules of \(kernel)")
    out.append("\n")
    out.append(line: text.entry)
    for step in call.path.steps {
      out.append(line: String(repeating: "  ", count: step.depth + 1) + text.text(step.event))
    }
    for remark in remarks { out.append(line: "  \(remark)") }
    appendDrawing(&out)
  }

  private func appendDrawing(_ out: inout OutputBuffer) {
    let lines = drawing.lines
    guard !lines.isEmpty else { return }
    out.append("\n")
    for (title, line) in zip(["before", "call", "after"], lines) {
      out.append(line: title + String(repeating: " ", count: 8 - title.count) + line)
    }
    let maps = MapsReport(paths: paths)
    for (title, rows) in [("before", drawing.before), ("after", drawing.after)] {
      if title == "after" && call.after == nil { continue }
      out.append("\n")
      out.append(line: title)
      for row in rows {
        out.append("\(row.letter) ")
        maps.append(row.area.line, to: &out)
      }
    }
  }

  var callText: String {
    switch call.event.call {
    // Their arguments are lists, which belong to the batch that is gone.
    case .processMadvise, .setVMAName: return "\(call.event.name.text)(...)"
    default:
      let report = EventReport(paths: paths, format: .text, sources: [])
      return report.callText(call.event, TraceBatch()) + " = " + report.resultText(call.event)
    }
  }

  /// What the path alone does not say.
  var remarks: [String] {
    var remarks: [String] = []
    if let reason = call.reason {
      remarks.append("refused: \(FailureReport.name(reason))")
    }
    for divergence in call.divergences {
      switch divergence.kind {
      case .succeeded(let expected):
        remarks.append("the model would have failed: \(Errno.name(of: expected))")
      case .failed: remarks.append("the model would have succeeded, so nothing was changed")
      case .errno(_, let expected):
        remarks.append("the model would have failed with \(Errno.name(of: expected))")
      case .overlap(let range): remarks.append("the model has live VMAs in \(range)")
      case .programBreak(_, let expected):
        remarks.append("the model's break would have been \(expected)")
      }
    }
    if call.path.steps.isEmpty && remarks.isEmpty { remarks.append(emptyRemark) }
    return remarks
  }

  private var emptyRemark: String {
    if call.event.result.isInjected { return "injected by strace: it never reached the kernel" }
    switch call.event.call {
    case .execve: return "the address space was replaced by that of the new program"
    case .exit: return "the address space ended"
    case .clone, .clone3, .fork: return "dup_mm: the VMAs of this process stay as they are"
    case .munmap, .mremap:
      return "its effect came earlier: another thread's call showed that it had taken place"
    default: return "no VMA was looked at"
    }
  }
}
