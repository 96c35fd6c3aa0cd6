import ArgumentParser
import Replay
import Reports
import SyscallABI
import TraceReading

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

  @Option(help: "text or json; with --timeline also csv and ndjson.")
  var format: ReplayFormat = .text

  @Flag(
    help: "Show how the process with the most VMAs (or --pid) grew: a chart, or rows for tools.")
  var timeline = false

  @Option(help: ArgumentHelp("The most points of a timeline.", valueName: "n"))
  var points = 500

  @Option(help: WhatIfOption.help, transform: WhatIfOption.init)
  var whatIf: [WhatIfOption] = []

  @OptionGroup var arguments: ReplayArguments
  @OptionGroup var traceOptions: TraceOptions

  func validate() throws {
    if timeline && traces.count > 1 {
      throw ValidationError("--timeline shows one trace; 'vmareplay compare' several.")
    }
    if !whatIf.isEmpty && (timeline || traces.count > 1) {
      throw ValidationError("--what-if compares the summaries of one trace.")
    }
    if !timeline && (format == .csv || format == .ndjson) {
      throw ValidationError("--format \(format.rawValue) has rows only with --timeline.")
    }
    if !(2...1_000_000).contains(points) {
      throw ValidationError("--points \(points) is not between 2 and 1000000.")
    }
  }

  func run() throws {
    Platform.ignoreBrokenPipes()
    let inputs = try traces.traceInputs()
    if timeline {
      return try TimelineRun(
        trace: inputs[0], points: points, format: format.outputFormat, arguments: arguments,
        strict: traceOptions.strict
      ).run()
    }
    if !whatIf.isEmpty { return try compare(inputs[0]) }
    var report: ReplayReport?
    var status = ExitStatus.done
    for trace in inputs {
      var work = TraceReplay(
        trace: trace, paths: PathTable(), arguments: arguments, strict: traceOptions.strict,
        observer: NoObserver())
      let result = try arguments.index.run(&work)
      if result.status != .done { status = result.status }
      if result.isEmpty && result.lines == 0 { continue }
      let part = ReplayReport(
        trace: trace.name, kernel: result.kernel, index: arguments.index, lines: result.lines,
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

  /// Without and with the rules of `--what-if`.
  private func compare(_ trace: TraceInput) throws {
    var work = WhatIfRun(
      trace: trace, rules: whatIf, arguments: arguments, strict: traceOptions.strict)
    guard let result = try arguments.index.run(&work) else { return }
    var out = OutputBuffer()
    result.report.append(to: &out, format: format.outputFormat)
    try Output.standard.write(&out)
    if result.status != .done { throw result.status.code }
  }
}

enum ReplayFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json, csv, ndjson

  var outputFormat: OutputFormat {
    switch self {
    case .text: .text
    case .json: .json
    case .csv: .csv
    case .ndjson: .ndjson
    }
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
