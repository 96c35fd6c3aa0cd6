import ArgumentParser
import Replay
import Reports
import SyscallABI
import TraceReading

/// Says what changed in an address space between two moments.
struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Print what changed between two lines of the log, as lines of maps with - and +.",
    discussion: """
      The map of one process (--pid, else the first of the log) right after each of the two lines. \
      A VMA that grew stands there twice, as it was and as it is. Exits with 0 whether or not \
      anything changed.
      """)

  @OptionGroup var traceArgument: TraceArgument

  @Option(help: ArgumentHelp("The earlier line.", valueName: "[file:]line"))
  var from: LinePosition

  @Option(help: ArgumentHelp("The later line.", valueName: "[file:]line"))
  var to: LinePosition

  @Flag(help: "Compare the VmFlags of each VMA too, and print them.")
  var smaps = false

  @Option(help: "text or json.")
  var format: SummaryFormat = .text

  @OptionGroup var arguments: ReplayArguments
  @OptionGroup var traceOptions: TraceOptions

  func run() throws {
    Platform.ignoreBrokenPipes()
    let input = try TwoPassInput(traceArgument.input(), arguments)
    defer { input.close() }
    let paths = PathTable()
    let before = try image(after: from, input, paths, isSecondPass: false)
    let after = try image(after: to, input, paths, isSecondPass: true)
    if before.image == nil && after.image == nil {
      if before.isEmpty { return }
      let name = arguments.pid.map { "no process \($0)" } ?? "no process"
      Diagnostics.error(
        "\(traceArgument.name): \(name) at these lines; 'vmareplay replay' lists them")
      throw ExitStatus.noInput.code
    }
    let report = DiffReport(
      trace: traceArgument.name, from: from.line, to: to.line, before: before.image,
      after: after.image,
      paths: paths, comparesFlags: smaps)
    var out = OutputBuffer()
    report.append(to: &out, format: format == .json ? .json : .text)
    try Output.standard.write(&out)
    let status = before.status == .done ? after.status : before.status
    if status != .done { throw status.code }
  }

  private func image(
    after position: LinePosition, _ input: TwoPassInput, _ paths: PathTable, isSecondPass: Bool
  ) throws -> (image: MapImage?, status: ExitStatus, isEmpty: Bool) {
    var work = TraceReplay(
      trace: input.trace, paths: paths, arguments: input.arguments, strict: traceOptions.strict,
      limit: { try position.limit(in: $0) },
      observer: MapObserver(arguments.pid.map { .pid(PID($0)) } ?? .first))
    work.isSecondPass = isSecondPass
    let result = try input.arguments.index.run(&work)
    return (result.observer.images.last, result.status, result.lines == 0)
  }
}
