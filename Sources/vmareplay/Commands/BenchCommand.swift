import ArgumentParser
import Replay
import Reports
import SyscallABI
import SystemPackage

/// Times find_vma and vma_merge on recorded operations, on every index.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Time find_vma and vma_merge on the recorded operations, on every index.",
    discussion: """
      Lookups, insertions, removals, splits and the cases of vma_merge are timed on the VMAs that \
      the trace has at its peak, and the whole replay on its calls. Rounds of all indexes are \
      interleaved in random order and measured in CPU time of one thread. --vmas adds layouts of \
      other sizes drawn from the trace. --against compares with an older run: counts must be \
      equal, times must not be worse by more than chance and --max-regression; status 1 if not.
      """)

  @Argument(help: "Traces: gzip or plain, files, folders of strace -ff, or - for stdin.")
  var traces: [String]

  @Option(help: "text, json, csv, bmf (Bencher), gha (github-action-benchmark) or gobench.")
  var format: BenchmarkReport.Format = .text

  @Option(
    help: ArgumentHelp(
      "Indexes to time, with commas between them. Default: all.", valueName: "indexes"))
  var indexes: IndexList = IndexList(kinds: IndexKind.allCases)

  @Option(
    help: ArgumentHelp(
      "Where lookups go: trace (as the calls do), random, hot (one of a few VMAs) or faults.",
      valueName: "stream"))
  var lookups: LookupChoice = .random

  @Option(
    help: ArgumentHelp(
      "Also time layouts of so many VMAs, such as 8,64,1k,16k,1M.", valueName: "sizes"))
  var vmas: SizeList = SizeList(sizes: [])

  @Option(help: "Rounds that count; at least 10.")
  var rounds = 15

  @Option(help: "The seed of orders and lookups.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Keep the results for a later --against.", valueName: "file"))
  var save: String?

  @Option(help: ArgumentHelp("Compare with results kept by --save.", valueName: "file"))
  var against: String?

  @Option(
    help: ArgumentHelp("How much slower a median may be, such as 5%.", valueName: "percent"))
  var maxRegression = RegressionLimit(share: 0.05)

  @Flag(help: "Compare results of different machines, builds or traces.")
  var force = false

  @OptionGroup var traceOptions: TraceOptions

  func validate() throws {
    if rounds < 10 { throw ValidationError("Fewer than 10 rounds say nothing: give --rounds 10.") }
  }

  func run() throws {
    Platform.ignoreBrokenPipes()
    #if CHECKED
      Diagnostics.error(
        "this build checks every mutation, so its times mean nothing; "
          + "use a release build: swift build -c release")
      throw ExitStatus.usage.code
    #else
      try measure()
    #endif
  }

  private func measure() throws {
    let older = try against.map(BenchFiles.read)
    let inputs = try traces.traceInputs().map {
      try BenchInput(trace: $0, strict: traceOptions.strict)
    }
    var failed = false
    for input in inputs {
      let report = report(on: input)
      var out = OutputBuffer()
      report.append(to: &out, format: format)
      let record = BenchmarkRecord(report)
      if let save { try BenchFiles.write(record, to: save) }
      if let older {
        failed = try !compare(record, with: older, &out) || failed
      }
      try Output.standard.write(&out)
    }
    if let status = inputs.map(\.status).first(where: { $0 != .done }) { throw status.code }
    if failed { throw ExitStatus.difference.code }
  }

  private func report(on input: BenchInput) -> BenchmarkReport {
    var report = BenchmarkReport(
      environment: BenchEnvironment.current + input.environment
        + [("lookups", lookups.rawValue), ("seed", String(seed))],
      settings: [("rounds", String(rounds))],
      groups: [])
    let recorded = input.trace.peakLayout()
    report.groups.append(group(recorded, input.trace, isRecorded: true))
    for size in vmas.sizes {
      let layout = recorded.scaled(to: size, seed: seed)
      report.groups.append(group(layout, input.trace, isRecorded: false))
    }
    return report
  }

  private func group(
    _ layout: BenchLayout, _ trace: BenchTrace, isRecorded: Bool
  ) -> BenchmarkReport.Group {
    let vmas = layout.ranges.count
    let stream: LookupStream =
      switch lookups {
      // The addresses of the trace mean nothing in another layout.
      case .trace: isRecorded ? .trace(trace.addresses) : .random
      case .random: .random
      case .hot: .hot
      case .faults: .faults
      }
    let count = vmas <= 4096 ? 20_000 : 200_000
    let plan = BenchPlan(
      layout: layout, lookups: layout.lookups(stream, count: count, seed: seed),
      trace: isRecorded ? trace : nil, seed: seed)
    let runner = BenchRunner(
      plan: plan, indexes: indexes.kinds, operations: BenchOperation.all,
      clock: Platform.threadTime)
    var progress = Progress(name: "\(vmas) VMAs")
    defer { progress.clear() }
    let results = runner.run(rounds: rounds, seed: seed) { round in
      progress.update(read: UInt64(round), of: UInt64(rounds))
    }
    return BenchmarkReport.Group(vmas: vmas, isRecorded: isRecorded, results: results)
  }

  /// - Returns: false if something became worse.
  private func compare(
    _ record: BenchmarkRecord, with older: BenchmarkRecord, _ out: inout OutputBuffer
  ) throws -> Bool {
    let differences = record.differences(from: older)
    if !differences.isEmpty && !force {
      for difference in differences { Diagnostics.error(difference) }
      Diagnostics.error("the older run was made elsewhere; --force compares nevertheless")
      throw ExitStatus.usage.code
    }
    let comparison = record.compare(with: older, tolerance: maxRegression.share)
    if format == .text {
      out.append(line: "")
      comparison.append(to: &out)
    } else {
      // Standard output belongs to the format.
      for line in comparison.regressions { Diagnostics.error("worse: \(line)") }
    }
    return comparison.regressions.isEmpty
  }
}
