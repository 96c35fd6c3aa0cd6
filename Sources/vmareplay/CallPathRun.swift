import Replay
import Reports
import SyscallABI
import TraceReading

/// `explain --line`: replays up to one line, and shows the path of the call that ends there.
struct CallPathRun {
  let trace: TraceArgument
  let line: LinePosition
  let format: OutputFormat
  let arguments: ReplayArguments
  let strict: Bool

  func run() throws {
    let paths = PathTable()
    var source: UInt32 = 0
    var work = try TraceReplay(
      trace: trace.input(), paths: paths, arguments: arguments, strict: strict,
      limit: { reader in
        let limit = try line.limit(in: reader)
        if case .line(_, let number) = limit { source = number }
        return limit
      },
      observer: PathObserver(line: line.line))
    let result = try work.run(on: PathIndex.self)
    let calls = result.observer.calls.filter { call in
      call.event.source == source && (arguments.pid.map { call.process.pid == PID($0) } ?? true)
    }
    if let call = calls.first {
      let report = CallPathReport(
        trace: trace.name, kernel: result.kernel, call: call, paths: paths)
      var out = OutputBuffer()
      report.append(to: &out, format: format)
      try Output.standard.write(&out)
    } else if result.lines > 0, result.status == .done {
      Diagnostics.error(
        "\(trace.name): no memory call ends on line \(line.line); 'vmareplay events' lists them")
      throw ExitStatus.noInput.code
    }
    if result.status != .done { throw result.status.code }
  }
}
