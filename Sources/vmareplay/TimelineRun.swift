import Replay
import Reports
import SyscallABI
import TraceReading

/// `replay --timeline`: the course of the process with the most VMAs, or of one that is named.
struct TimelineRun {
  let trace: TraceInput
  let points: Int
  let format: OutputFormat
  let arguments: ReplayArguments
  let strict: Bool

  func run() throws {
    let input = try TwoPassInput(trace, arguments)
    defer { input.close() }
    let arguments = input.arguments
    let paths = PathTable()
    var first = TraceReplay(
      trace: input.trace, paths: paths, arguments: arguments, strict: strict,
      observer: PeakFinder(pid: arguments.pid.map { PID($0) }))
    let found = try arguments.index.run(&first)
    guard let peak = found.observer.peak else {
      if found.status != .done { throw found.status.code }
      if found.lines == 0 { return }
      throw Diagnostics.noProcess(arguments.pid, in: trace.name)
    }
    var second = TraceReplay(
      trace: input.trace, paths: paths, arguments: arguments, strict: strict,
      observer: TimelineObserver(ordinal: peak.ordinal, limit: points))
    second.isSecondPass = true
    let result = try arguments.index.run(&second)
    let report = TimelineReport(
      trace: trace.name, kernel: result.kernel, timeline: result.observer.timeline, paths: paths,
      width: Platform.standardOutputWidth ?? 80)
    var out = OutputBuffer()
    report.append(to: &out, format: format)
    try Output.standard.write(&out)
    if result.status != .done { throw result.status.code }
  }
}
