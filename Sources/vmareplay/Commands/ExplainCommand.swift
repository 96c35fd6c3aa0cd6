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
      Default: the process with the most VMAs at any time, right after the call that reached them. \
      --kernel A,B lists the pairs that are two VMAs under the rules of one kernel and one under \
      those of the other, at the same moment.
      """)

  @OptionGroup var traceArgument: TraceArgument

  @OptionGroup var moment: MomentOptions

  @Option(
    help: ArgumentHelp(
      "Instead, show the path that the one call completed on this line took through the kernel's "
        + "functions: arguments, checks, the case of a merge or each refusal with both values, and "
        + "the VMAs around it before and after.", valueName: "[file:]line"))
  var line: LinePosition?

  @Option(
    help: ArgumentHelp(
      "What groups have in common: cause, call, thread, size, file, or stack (where in the program "
        + "the call was made, in logs of strace -k).", valueName: "what"))
  var groupBy: ExplainReport.Grouping = .call

  @Flag(help: "Also list each pair with both values and the calls that set them.")
  var pairs = false

  @Flag(
    help: ArgumentHelp(
      "Instead, name the limit that each refused call met and what filled it, and how far the "
        + "peak is from max_map_count. --limit and --rlimit-... ask which calls would fail then."))
  var failures = false

  @OptionGroup var limits: LimitOptions

  @Option(
    help: "text, json, or folded: stacks and counts of boundaries and holes, for flame graphs.")
  var format: ExplainFormat = .text

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
    if format == .folded && (failures || line != nil || arguments.kernel?.second != nil) {
      throw ValidationError("--format folded shows the stacks that made boundaries and holes.")
    }
    if arguments.kernel?.second != nil && (failures || line != nil) {
      throw ValidationError(
        "--kernel A,B compares boundaries: it does not go with --failures or --line.")
    }
  }

  func run() throws {
    Platform.ignoreBrokenPipes()
    if failures { return try explainFailures() }
    if let line {
      return try CallPathRun(
        trace: traceArgument, line: line, format: format.outputFormat,
        arguments: arguments, strict: traceOptions.strict
      ).run()
    }
    // Only two kernels need two replays.
    let second = arguments.kernel?.second
    let trace = try traceArgument.input()
    let input = try second.map { _ in try TwoPassInput(trace, arguments) }
    defer { input?.close() }
    var run = ExplainRun(
      input: input?.trace ?? trace, paths: PathTable(), arguments: input?.arguments ?? arguments,
      moment: moment, strict: traceOptions.strict)
    run.arguments.kernel = arguments.kernel?.first
    if groupBy == .stack || pairs || format == .folded { run.stacks = StackTable() }
    let result = try run.explain()
    if let explanation = result.explanation {
      if groupBy == .stack || format == .folded, run.stacks?.isEmpty == true { throw noStacks }
      var out = OutputBuffer()
      if let second {
        try compare(explanation, result.target, run, second, &out)
      } else {
        let report = ExplainReport(
          trace: traceArgument.name, kernel: result.kernel, explanation: explanation,
          paths: run.paths, grouping: groupBy, showsPairs: pairs, isPeak: !moment.isGiven,
          stacks: run.stacks?.isEmpty == true ? nil : run.stacks)
        if format == .folded {
          report.appendFolded(&out)
        } else {
          report.append(to: &out, format: format.outputFormat)
        }
      }
      try Output.standard.write(&out)
    } else if result.lines > 0, result.status == .done {
      throw noProcess()
    }
    if result.status != .done { throw result.status.code }
  }

  /// The same process at the same moment under the rules of another kernel.
  private func compare(
    _ explanation: Explanation, _ target: ExplainObserver.Target, _ run: ExplainRun,
    _ other: KernelChoice, _ out: inout OutputBuffer
  ) throws {
    var second = run
    second.arguments.kernel = other
    let result = try second.explain(target, isSecond: true)
    guard let otherExplanation = result.explanation else { throw noProcess() }
    KernelDifferenceReport(
      trace: traceArgument.name, kernels: [arguments.kernel?.first.name ?? "", other.name],
      first: explanation, second: otherExplanation, paths: run.paths, grouping: groupBy,
      showsPairs: pairs, isPeak: !moment.isGiven, stacks: run.stacks
    ).append(to: &out, format: format.outputFormat)
  }

  private var noStacks: any Error {
    ValidationError(
      "\(traceArgument.name) shows no stacks: record it with 'strace -k', where 'strace -V' has "
        + "stack-trace among its features.")
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
      report.append(to: &out, format: format.outputFormat)
      try Output.standard.write(&out)
    }
    if result.status != .done { throw result.status.code }
  }

  private func noProcess() -> any Error {
    guard let pid = arguments.pid else {
      Diagnostics.error("\(traceArgument.name): no call that makes a process; nothing to explain")
      return ExitStatus.badTrace.code
    }
    return Diagnostics.noProcess(pid, in: traceArgument.name)
  }
}

enum ExplainFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json, folded

  var outputFormat: OutputFormat { self == .json ? .json : .text }
}

extension ExplainReport.Grouping: ExpressibleByArgument {}
