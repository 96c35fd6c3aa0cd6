import ArgumentParser
import Replay
import Reports
import SyscallABI
import TraceReading

/// Puts two or more traces side by side.
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Put two or more traces side by side: allocators, versions, kernels.",
    discussion: """
      Calls, failures, VMAs, bytes, merges and times, each with its ratio to the first trace, the \
      first call in which they differ (addresses left aside), and in words what differs by a \
      quarter or more. VMAs, bytes mapped and holes are those of the process with the most VMAs; \
      calls and merges those of all. In JSON, bytes and nanoseconds are whole numbers, averages \
      hundredths.
      """)

  @Argument(help: "Two or more traces: gzip or plain, files, folders of strace -ff.")
  var traces: [String]

  @Option(
    name: .customLong("label"),
    help: ArgumentHelp("Names for the traces, in their order.", valueName: "a,b,..."))
  var labels: String?

  @Option(help: "text, json or csv.")
  var format: TableFormat = .text

  @OptionGroup var arguments: ReplayArguments
  @OptionGroup var traceOptions: TraceOptions

  func validate() throws {
    if traces.count < 2 {
      throw ValidationError("compare needs two traces or more; 'vmareplay replay' shows one.")
    }
    if let labels, self.names(labels).count != traces.count {
      throw ValidationError(
        "--label names \(self.names(labels).count) traces, but there are \(traces.count).")
    }
    if traces.count(where: { $0 == "-" }) > 1 {
      throw ValidationError("standard input (-) can be read only once.")
    }
  }

  func run() throws {
    Platform.ignoreBrokenPipes()
    let paths = PathTable()
    let inputs = try traces.traceInputs()
    let names = labels.map { self.names($0) } ?? ComparisonLabels.names(for: inputs.map(\.name))
    var columns: [ComparisonReport.Column] = []
    var status = ExitStatus.done
    for (trace, name) in zip(inputs, names) {
      var work = TraceReplay(
        trace: trace, paths: paths, arguments: arguments, strict: traceOptions.strict,
        observer: UsageObserver(pid: arguments.pid.map { PID($0) }))
      let result = try arguments.index.run(&work)
      if result.status != .done { status = result.status }
      var total = result.total
      if let pid = arguments.pid {
        let own = result.summaries.filter { $0.pid == PID(pid) }
        if own.isEmpty {
          throw Diagnostics.noProcess(pid, in: trace.name)
        }
        total = ProcessSummary.total(of: own)
      }
      columns.append(
        ComparisonReport.Column(
          label: name, trace: trace.name, kernel: result.kernel, total: total,
          usage: result.observer.usage))
    }
    var out = OutputBuffer()
    ComparisonReport(columns: columns).append(to: &out, format: format.outputFormat)
    try Output.standard.write(&out)
    if status != .done { throw status.code }
  }

  private func names(_ list: String) -> [String] {
    list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }
}

/// Names for traces that nobody has named.
enum ComparisonLabels {
  /// Their base names, without what all have in common at the end (`.strace.gz`).
  static func names(for traces: [String]) -> [String] {
    traces.map { trace in
      let base = trace.split(separator: "/").last.map(String.init) ?? trace
      for suffix in [".strace.gz", ".strace", ".gz", ".log"] where base.hasSuffix(suffix) {
        return String(base.dropLast(suffix.count))
      }
      return base
    }
  }
}

enum TableFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json, csv

  var outputFormat: OutputFormat {
    switch self {
    case .text: .text
    case .json: .json
    case .csv: .csv
    }
  }
}
