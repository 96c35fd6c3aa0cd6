public import SyscallABI

/// Prints the decoded events of a trace, batch by batch.
public struct EventReport {
  let fields: EventFields
  private let format: OutputFormat
  /// Base names of the files of a trace of several files; empty for one file.
  let sources: [String]
  private var csvHeaderIsPrinted = false

  public init(paths: PathTable, format: OutputFormat, sources: [String]) {
    fields = EventFields(paths: paths)
    self.format = format
    self.sources = sources
  }

  /// Appends everything in `batch` that the format shows. First halves of calls are not shown:
  /// the call comes when it completes.
  ///
  /// - Parameter pid: only what this task did; nil for everything.
  public mutating func append(_ batch: TraceBatch, pid: PID? = nil, to out: inout OutputBuffer) {
    if format == .csv && !csvHeaderIsPrinted {
      out.append("line,pid,time,duration,syscall,arguments,ret,errno\n")
      csvHeaderIsPrinted = true
    }
    for item in batch.items {
      switch item {
      case .completed(let event):
        if let pid, event.pid != pid { continue }
        switch format {
        case .text: appendText(event, batch, &out)
        case .csv: appendCSV(event, batch, &out)
        default: appendJSON(event, batch, &out)
        }
      case .processEnded(let end):
        if let pid, end.pid != pid { continue }
        switch format {
        case .text: appendText(end, &out)
        case .csv: break
        default: appendJSON(end, &out)
        }
      case .malformed(let index):
        switch format {
        case .text, .csv: break  // named on stderr
        default: appendJSON(batch.malformed[index], &out)
        }
      case .began, .snapshot, .descriptor, .host: break
      }
    }
  }
}
