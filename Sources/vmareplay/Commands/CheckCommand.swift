import AddressSpaces
import ArgumentParser
import Replay
import Reports
import SyscallABI
import TraceReading

/// Holds a trace to budgets, for continuous integration.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Hold a trace to budgets; exit with 1 if one is broken.",
    discussion: """
      Each budget holds for every process of the trace by itself (or for --pid). Missed merges are \
      those at the moment with the most VMAs. --headroom is the share of max_map_count that must \
      stay free at that moment; the trace says what max_map_count was. --baseline takes what \
      'check --format json' printed for another trace: no figure may be higher than there.
      """)

  @OptionGroup var traceArgument: TraceArgument

  @Option(help: ArgumentHelp("VMAs that a process may have at a time.", valueName: "n"))
  var maxVmas: UInt64?

  @Option(
    help: ArgumentHelp(
      "Missed merges that a process may have when it has the most VMAs.", valueName: "n"))
  var maxMissedMerges: UInt64?

  @Option(help: ArgumentHelp("Bytes that a process may map, as 512M or 2G.", valueName: "bytes"))
  var maxMapped: ByteCount?

  @Option(help: ArgumentHelp("Share of max_map_count that must stay free.", valueName: "percent%"))
  var headroom: Percentage?

  @Option(
    help: ArgumentHelp("Figures of another trace that may not be exceeded.", valueName: "file"))
  var baseline: String?

  @Option(help: "text or json.")
  var format: SummaryFormat = .text

  @OptionGroup var arguments: ReplayArguments
  @OptionGroup var traceOptions: TraceOptions

  func run() throws {
    Platform.ignoreBrokenPipes()
    let older = try baseline.map { try Baseline(path: $0) }
    let input = try TwoPassInput(traceArgument.input(), arguments)
    defer { input.close() }
    let paths = PathTable()
    var work = TraceReplay(
      trace: input.trace, paths: paths, arguments: input.arguments, strict: traceOptions.strict,
      observer: budgetObserver(older))
    let result = try arguments.index.run(&work)
    if result.lines == 0 { return }
    let observed = result.observer
    if let pid = arguments.pid, observed.mapCount.pid != PID(pid) {
      throw Diagnostics.noProcess(pid, in: traceArgument.name)
    }
    let missed = try missedMerges(at: observed.mapCount, input, paths)
    let budgets =
      try ownBudgets(observed, missed, maxMapCount: result.maxMapCount)
      + (older?.budgets(observed, missed) ?? [])
    let report = CheckReport(
      trace: traceArgument.name, figures: Baseline.figures(observed, missed), budgets: budgets)
    var out = OutputBuffer()
    report.append(to: &out, format: format == .json ? .json : .text)
    try Output.standard.write(&out)
    if result.status != .done { throw result.status.code }
    if !report.isKept { throw ExitStatus.difference.code }
  }

  func validate() throws {
    let isAsked = maxVmas != nil || maxMissedMerges != nil || maxMapped != nil || headroom != nil
    if !isAsked && baseline == nil && format == .text {
      throw ValidationError(
        "nothing to check: give --max-vmas, --max-missed-merges, --max-mapped, --headroom or "
          + "--baseline; or --format json to see the figures.")
    }
  }

  /// A second pass stops where the process had the most VMAs and looks at its boundaries.
  private func budgetObserver(_ older: Baseline?) -> BudgetObserver {
    let bytes = [maxMapped?.bytes, older?.mappedPeak]
    var boundOfLimit: (@Sendable (UInt64) -> UInt64)?
    if let headroom { boundOfLimit = { headroom.rest(of: $0) } }
    return BudgetObserver(
      pid: arguments.pid.map { PID($0) },
      mapCountBounds: [maxVmas, older?.mapCountPeak].compactMap { $0 },
      pageBounds: bytes.compactMap { $0.map { $0 >> 12 } }, boundOfLimit: boundOfLimit)
  }

  private func missedMerges(
    at peak: BudgetObserver.Highest, _ input: TwoPassInput, _ paths: PathTable
  ) throws -> UInt64 {
    let target: BoundaryObserver.Target =
      peak.position.map { .process(ordinal: peak.ordinal, after: $0) }
      ?? .endOf(ordinal: peak.ordinal)
    var work = TraceReplay(
      trace: input.trace, paths: paths, arguments: input.arguments, strict: traceOptions.strict,
      observer: BoundaryObserver(target))
    work.isSecondPass = true
    return UInt64(try arguments.index.run(&work).observer.counts?.missedMerges ?? 0)
  }

  private func ownBudgets(
    _ observed: BudgetObserver, _ missed: UInt64, maxMapCount: Int?
  ) throws -> [CheckReport.Budget] {
    let (count, mapped) = (observed.mapCount, observed.mapped)
    var budgets = [
      CheckReport.Budget(
        name: "max-vmas", value: count.value, bound: maxVmas,
        line: count.position(above: maxVmas)?.line),
      CheckReport.Budget(
        name: "max-missed-merges", value: missed, bound: maxMissedMerges,
        line: count.position?.line),
      CheckReport.Budget(
        name: "max-mapped", value: mapped.value << 12, bound: maxMapped?.bytes, unit: .bytes,
        line: mapped.position(above: maxMapped.map { $0.bytes >> 12 })?.line),
    ]
    if let headroom {
      guard let limit = maxMapCount else {
        Diagnostics.error(
          "\(traceArgument.name): --headroom needs max_map_count, which the trace does not say; "
            + "record it with "
            + "'vmareplay record', or add a first line '# host max_map_count=N'")
        throw ExitStatus.badTrace.code
      }
      let bound = headroom.rest(of: UInt64(limit))
      budgets.append(
        CheckReport.Budget(
          name: "headroom", value: count.value, bound: bound,
          line: count.position(above: bound)?.line,
          note: CheckReport.Budget.headroomNote(headroom.text, of: limit)))
    }
    return budgets
  }
}

/// `20%`, with or without the sign, in whole percent.
struct Percentage: ExpressibleByArgument {
  let percent: UInt64

  init?(argument: String) {
    let digits = argument.hasSuffix("%") ? argument.dropLast() : argument[...]
    guard let percent = UInt64(digits), percent <= 100 else { return nil }
    self.percent = percent
  }

  var text: String { "\(percent) %" }

  /// What is left of `whole` when this share is taken away.
  func rest(of whole: UInt64) -> UInt64 { whole - (whole * percent + 99) / 100 }
}

/// `65536`, `512K`, `64M`, `2G`, `1T`.
struct ByteCount: ExpressibleByArgument {
  let bytes: UInt64

  init?(argument: String) {
    let units: [Character: UInt64] = ["K": 10, "M": 20, "G": 30, "T": 40]
    let shift = argument.last.flatMap { units[Character($0.uppercased())] }
    guard let number = UInt64(shift == nil ? argument[...] : argument.dropLast()),
      number <= UInt64.max >> (shift ?? 0)
    else { return nil }
    bytes = number << (shift ?? 0)
  }
}
