import ArgumentParser
import Replay
import Reports
import SyscallABI

/// The main job: decode, replay, summarise.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Replay traces and summarise what they did to their address spaces.",
    discussion: """
      Per process and in all: calls, failures, VMAs now and at the peak with its line, merges by \
      case, boundaries between touching VMAs by their first cause, splits, holes, and recorded \
      results that the model would not have given. MISSED counts boundaries that a program would \
      not notice if they were gone.
      """)

  @Argument(help: "Traces: gzip or plain, files, folders of strace -ff, or - for stdin.")
  var traces: [String]

  @Option(help: "text or json.")
  var format: SummaryFormat = .text

  @OptionGroup var arguments: ReplayArguments
  @OptionGroup var traceOptions: TraceOptions

  func run() throws {
    Platform.ignoreBrokenPipes()
    var report: ReplayReport?
    var status = ExitStatus.done
    for trace in traces {
      var work = TraceReplay(
        trace: trace, paths: PathTable(), arguments: arguments, strict: traceOptions.strict,
        observer: NoObserver())
      let result = try arguments.index.run(&work)
      if result.status != .done { status = result.status }
      if result.isEmpty && result.lines == 0 { continue }
      let part = ReplayReport(
        trace: trace, kernel: result.kernel, index: arguments.index, lines: result.lines,
        processes: result.summaries, total: result.total,
        omittedProcesses: result.omittedSummaries)
      if report == nil { report = part } else { report!.add(part) }
    }
    if let pid = arguments.pid { try report?.restrict(to: PID(pid)) }
    var out = OutputBuffer()
    report?.append(to: &out, format: format == .json ? .json : .text)
    try Output.standard.write(&out)
    if status != .done { throw status.code }
  }
}

enum SummaryFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json
}

extension ReplayReport {
  /// Leaves one process, as if it were all there is.
  fileprivate mutating func restrict(to pid: PID) throws {
    guard keepOnly(pid) else {
      Diagnostics.error(
        "no process \(pid.rawValue) in the trace; without --pid, replay lists them")
      throw ExitStatus.noInput.code
    }
  }
}
