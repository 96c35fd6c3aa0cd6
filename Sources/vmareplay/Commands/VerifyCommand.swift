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
      calls make it agree. Exits with 1 if anything differs.
      """)

  @Argument(help: "Traces: gzip or plain, files, folders of strace -ff, or - for stdin.")
  var traces: [String]

  @Option(help: "text or json.")
  var format: SummaryFormat = .text

  @OptionGroup var arguments: ReplayArguments
  @OptionGroup var traceOptions: TraceOptions

  func run() throws {
    Platform.ignoreBrokenPipes()
    var report = VerifyReport()
    var status = ExitStatus.done
    var hasLines = false
    let pid = arguments.pid.map { PID($0) }
    for trace in try traces.traceInputs() {
      let paths = PathTable()
      var work = TraceReplay(
        trace: trace, paths: paths, arguments: arguments, strict: traceOptions.strict,
        observer: Verifier(paths: paths, pid: pid))
      let result = try arguments.index.run(&work)
      if result.status != .done { status = result.status }
      if result.lines == 0 { continue }
      hasLines = true
      var total = result.total
      if let pid {
        let kept = result.summaries.filter { $0.pid == pid }
        guard !kept.isEmpty else {
          Diagnostics.error("no process \(pid.rawValue) in '\(trace.name)'")
          throw ExitStatus.noInput.code
        }
        total = ProcessSummary.total(of: kept)
      }
      report.add(
        VerifyReport.Trace(
          name: trace.name, kernel: result.kernel, sources: result.sources,
          verifier: result.observer, total: total, paths: paths))
    }
    if hasLines {
      var out = OutputBuffer()
      report.append(to: &out, format: format == .json ? .json : .text)
      try Output.standard.write(&out)
    }
    if status != .done { throw status.code }
    if !report.isClean { throw ExitStatus.difference.code }
  }
}
