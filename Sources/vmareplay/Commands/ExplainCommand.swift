public import ArgumentParser
import Replay
public import Reports
import SyscallABI
import TraceReading

/// Says why an address space has as many VMAs as it has.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Say why neighbouring VMAs did not merge, and what made the holes.",
    discussion: """
      The number of VMAs is 1 + holes + boundaries between VMAs that touch. Each boundary is named \
      by the first attribute that differs, in a fixed order, with the call that set it; 'needed' \
      ones (special, prot, shared, file, offset) keep apart what a program can tell apart, the \
      others are missed merges. ALSO lists what else differs: mending one cause saves only the \
      pairs that differ in nothing else. A VMA that merged from several calls is named by the one \
      at its nearer end. '(maybe)' depends on which pages were written, which no log shows.
      Default: the process with the most VMAs at any time, right after the call that reached them.
      """)

  @OptionGroup var traceArgument: TraceArgument

  @OptionGroup var moment: MomentOptions

  @Option(
    help: ArgumentHelp(
      "Instead, show the path that the one call completed on this line took through the kernel's "
        + "functions: arguments, checks, the case of a merge or each refusal with both values, and "
        + "the VMAs around it before and after.", valueName: "[file:]line"))
  var line: LinePosition?

  @Option(help: "What groups have in common: cause, call, thread, size or file.")
  var groupBy: ExplainReport.Grouping = .call

  @Flag(help: "Also list each pair with both values and the calls that set them.")
  var pairs = false

  @Flag(
    help: ArgumentHelp(
      "Instead, name the limit that each refused call met and what filled it, and how far the "
        + "peak is from max_map_count. --limit and --rlimit-... ask which calls would fail then."))
  var failures = false

  @OptionGroup var limits: LimitOptions

  @Option(help: "text or json.")
  var format: SummaryFormat = .text

  @OptionGroup var arguments: ReplayArguments
  @OptionGroup var traceOptions: TraceOptions

  func validate() throws {
    if line != nil && (moment.isGiven || moment.atPeak || failures || pairs) {
      throw ValidationError(
        "--line shows one call: it does not go with --at-..., --pairs or --failures.")
    }
    if limits.isGiven && !failures {
      throw ValidationError("--limit and --rlimit-... ask about failures: add --failures.")
    }
  }

  func run() throws {
    Platform.ignoreBrokenPipes()
    if failures { return try explainFailures() }
    if let line {
      return try CallPathRun(
        trace: traceArgument, line: line, format: format == .json ? .json : .text,
        arguments: arguments, strict: traceOptions.strict
      ).run()
    }
    let source = try TwoPassTrace(traceArgument.input())
    defer { source.close() }
    let paths = PathTable()
    var target: ExplainObserver.Target
    if moment.isGiven {
      target = arguments.pid.map { .pid(PID($0)) } ?? .largest
    } else {
      guard let peak = try findPeak(source.input, paths) else { return }
      target =
        peak.position.map { .process(ordinal: peak.ordinal, after: $0) }
        ?? .endOf(ordinal: peak.ordinal)
    }
    var work = TraceReplay(
      trace: source.input, paths: paths, arguments: arguments, strict: traceOptions.strict,
      limit: moment.limit, observer: ExplainObserver(target))
    work.isSecondPass = !moment.isGiven
    let result = try arguments.index.run(&work)
    if let explanation = result.observer.explanation {
      let report = ExplainReport(
        trace: traceArgument.name, kernel: result.kernel, explanation: explanation, paths: paths,
        grouping: groupBy, showsPairs: pairs, isPeak: !moment.isGiven)
      var out = OutputBuffer()
      report.append(to: &out, format: format == .json ? .json : .text)
      try Output.standard.write(&out)
    } else if result.lines > 0, result.status == .done {
      throw noProcess()
    }
    if result.status != .done { throw result.status.code }
  }

  /// Reads the trace once to find the moment with the most VMAs; nil for an empty trace.
  private func findPeak(_ trace: TraceInput, _ paths: PathTable) throws -> PeakFinder.Peak? {
    var work = TraceReplay(
      trace: trace, paths: paths, arguments: arguments, strict: traceOptions.strict,
      observer: PeakFinder(pid: arguments.pid.map { PID($0) }))
    let result = try arguments.index.run(&work)
    if let peak = result.observer.peak { return peak }
    if result.status != .done { throw result.status.code }
    if result.lines > 0 { throw noProcess() }
    return nil
  }

  private func explainFailures() throws {
    let paths = PathTable()
    var work = try TraceReplay(
      trace: traceArgument.input(), paths: paths, arguments: arguments,
      strict: traceOptions.strict, limit: moment.limit,
      observer: FailureObserver(pid: arguments.pid.map { PID($0) }))
    work.limits = limits
    let result = try arguments.index.run(&work)
    if result.lines > 0 {
      let report = FailureReport(
        trace: traceArgument.name, kernel: result.kernel, observer: result.observer,
        paths: paths, asksWhatIf: limits.isGiven)
      var out = OutputBuffer()
      report.append(to: &out, format: format == .json ? .json : .text)
      try Output.standard.write(&out)
    }
    if result.status != .done { throw result.status.code }
  }

  private func noProcess() -> any Error {
    guard let pid = arguments.pid else {
      Diagnostics.error("\(traceArgument.name): no call that makes a process; nothing to explain")
      return ExitStatus.badTrace.code
    }
    Diagnostics.error("\(traceArgument.name): no process \(pid); 'vmareplay replay' lists them")
    return ExitStatus.noInput.code
  }
}

extension ExplainReport.Grouping: ExpressibleByArgument {}
