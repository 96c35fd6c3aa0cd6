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

  @Flag(
    help:
      "Add a table of segments: text, data, heap, libraries, mapped files and so on, at the end.")
  var segments = false

  @Flag(
    help: ArgumentHelp(
      "Also give the least and the most VMAs of all runs that the log admits, whatever was written "
        + "and when."))
  var certainty = false

  @OptionGroup var placement: PlacementOptions

  @OptionGroup var arguments: ReplayArguments
  @OptionGroup var traceOptions: TraceOptions

  func validate() throws {
    if timeline && certainty {
      throw ValidationError("--timeline and --certainty show different things: give one of them.")
    }
    if certainty && (segments || placement.isPredicted) {
      throw ValidationError("--certainty stands alone: leave --segments and --placement out.")
    }
    if timeline && traces.count > 1 {
      throw ValidationError("--timeline shows one trace; 'vmareplay compare' several.")
    }
    if !whatIf.isEmpty && (timeline || certainty || segments || placement.isPredicted) {
      throw ValidationError(
        "--what-if stands alone: leave --timeline, --certainty, --segments and --placement out.")
    }
    if !whatIf.isEmpty && traces.count > 1 {
      throw ValidationError("--what-if compares the replays of one trace; give one.")
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
      let paths = PathTable()
      // An observer that asks for nothing costs nothing: the engine is compiled for each.
      let part: ReplayReport?
      if certainty {
        var work = work(on: trace, paths, CertaintyObserver())
        part = self.report(on: trace, try arguments.index.run(&work), &status)
      } else if placement.isPredicted || segments {
        part = try reportPlacement(on: trace, paths, &status)
      } else {
        var work = work(on: trace, paths, NoObserver())
        part = self.report(on: trace, try arguments.index.runSpecialized(&work), &status)
      }
      guard let part else { continue }
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

extension ReplayCommand {
  private func work<Observer: ReplayObserver>(
    on trace: TraceInput, _ paths: PathTable, _ observer: Observer
  ) -> TraceReplay<Observer> {
    TraceReplay(
      trace: trace, paths: paths, arguments: arguments, strict: traceOptions.strict,
      observer: observer)
  }

  /// The report of one trace; nil if it is empty.
  private func report<Observer: ReplayObserver>(
    on trace: TraceInput, _ result: TraceReplay<Observer>.Output, _ status: inout ExitStatus
  ) -> ReplayReport? {
    if result.status != .done { status = result.status }
    if result.isEmpty && result.lines == 0 { return nil }
    return ReplayReport(
      trace: trace.name, kernel: result.kernel, index: arguments.index, lines: result.lines,
      processes: result.summaries, total: result.total,
      omittedProcesses: result.omittedSummaries)
  }

  /// The same with what `--placement model` and `--segments` show.
  private func reportPlacement(
    on trace: TraceInput, _ paths: PathTable, _ status: inout ExitStatus
  ) throws -> ReplayReport? {
    var work = work(
      on: trace, paths,
      PlacementObserver(SegmentObserver(paths: paths), paths: paths, isOn: placement.isPredicted))
    let result = try arguments.index.run(&work)
    var report = report(on: trace, result, &status)
    if placement.isPredicted { report?.placement = result.observer.placement }
    if segments {
      report?.segments = SegmentView(
        processes: result.observer.base.processes, total: result.observer.base.total)
    }
    return report
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

  var outputFormat: OutputFormat { self == .json ? .json : .text }
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
