import ArgumentParser
import Replay
import Reports
import SyscallABI
import TraceReading

/// Compares the model with what the kernel really did.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare the model with what the kernel really did.",
    discussion: """
      Lists each call whose recorded result or error the model would not have given, and each \
      snapshot of the recording that differs from the model's map, VMA by VMA, with the likely \
      cause. A snapshot that was read while other threads were in calls agrees if some of those \
      calls make it agree. With --placement model also each mapping that the kernel put elsewhere \
      than the model would have. Exits with 1 if anything differs.
      """)

  @Argument(help: "Traces: gzip or plain, files, folders of strace -ff, or - for stdin.")
  var traces: [String]

  @Option(help: "text or json.")
  var format: SummaryFormat = .text

  @OptionGroup var placement: PlacementOptions

  @OptionGroup var arguments: ReplayArguments
  @OptionGroup var traceOptions: TraceOptions

  func run() throws {
    Platform.ignoreBrokenPipes()
    var report = VerifyReport()
    var status = ExitStatus.done
    var hasLines = false
    for trace in try traces.traceInputs() {
      let paths = PathTable()
      let verifier = Verifier(paths: paths, pid: arguments.pid.map { PID($0) })
      let part =
        if placement.isPredicted {
          try run(trace, paths, PlacementObserver(verifier, paths: paths), &status) {
            ($0.base, $0.placement)
          }
        } else {
          try run(trace, paths, verifier, &status) { ($0, nil) }
        }
      guard let part else { continue }
      hasLines = true
      report.add(part)
    }
    if hasLines {
      var out = OutputBuffer()
      report.append(to: &out, format: format == .json ? .json : .text)
      try Output.standard.write(&out)
    }
    if status != .done { throw status.code }
    if !report.isClean { throw ExitStatus.difference.code }
  }
  /// The comparison of one trace; nil if it is empty.
  private func run<Observer: ReplayObserver>(
    _ trace: TraceInput, _ paths: PathTable, _ observer: Observer, _ status: inout ExitStatus,
    _ parts: (Observer) -> (Verifier, Placement?)
  ) throws -> VerifyReport.Trace? {
    var work = TraceReplay(
      trace: trace, paths: paths, arguments: arguments, strict: traceOptions.strict,
      observer: observer)
    let result = try arguments.index.run(&work)
    if result.status != .done { status = result.status }
    if result.lines == 0 { return nil }
    var total = result.total
    if let pid = arguments.pid {
      let kept = result.summaries.filter { $0.pid == PID(pid) }
      guard !kept.isEmpty else {
        Diagnostics.error("no process \(pid) in '\(trace.name)'")
        throw ExitStatus.noInput.code
      }
      total = ProcessSummary.total(of: kept)
    }
    let (verifier, placement) = parts(result.observer)
    return VerifyReport.Trace(
      name: trace.name, kernel: result.kernel, sources: result.sources, verifier: verifier,
      total: total, paths: paths, placement: placement)
  }
}
