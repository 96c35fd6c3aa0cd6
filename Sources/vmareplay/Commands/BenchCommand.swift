import ArgumentParser
import Replay
import Reports
import TraceReading

/// Times find_vma and vma_merge on recorded operations, on every index.
struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Time find_vma and vma_merge on the recorded operations, on every index.",
    discussion: """
      Lookups, insertions, removals, splits and the cases of vma_merge are timed on the VMAs that \
      the trace has at its peak, and the whole replay on its calls. Rounds of all indexes are \
      interleaved in random order and measured in CPU time of one thread. --vmas adds layouts of \
      other sizes drawn from the trace.

      --against compares with an older run: counts must be equal, times must not be worse by more \
      than chance and --max-regression; status 1 names what is. A word of --save and --against \
      with a slash or a dot is a file; any other is a name, kept in vmareplay/bench of the cache \
      folder ($XDG_CACHE_HOME, else ~/.cache). --baseline-binary compares with another build of \
      this program, which runs in turns with this one; --rounds is then the number of turns.

      --counts-only times nothing: what it counts is the same on every machine and in every build.
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
      "Where lookups go, besides those of the trace's calls: random, hot (one of a few VMAs), "
        + "faults, or trace for none but those.", valueName: "stream"))
  var lookups: LookupChoice = .random

  @Option(
    help: ArgumentHelp(
      "Also time layouts of so many VMAs, such as 8,64,1k,16k,1M.", valueName: "sizes"))
  var vmas: SizeList = SizeList(sizes: [])

  @Option(help: "Rounds that count; at least 10.")
  var rounds = 15

  @Option(help: "The seed of orders and lookups.")
  var seed: UInt64 = 1

  @Option(help: ArgumentHelp("Keep the results for a later --against.", valueName: "file|name"))
  var save: String?

  @Option(help: ArgumentHelp("Compare with results kept by --save.", valueName: "file|name"))
  var against: String?

  @Option(help: ArgumentHelp("Compare with another build of this program.", valueName: "path"))
  var baselineBinary: String?

  @Option(
    help: ArgumentHelp(
      "How much slower a median may be, such as 5%.", valueName: "percent"))
  var maxRegression = RegressionLimit(share: 0.05)

  @Flag(help: "Count only, and time nothing.")
  var countsOnly = false

  @Flag(help: "Compare results of different machines, builds or traces.")
  var force = false

  @OptionGroup var traceOptions: TraceOptions

  func validate() throws {
    if rounds < 10 { throw ValidationError("Fewer than 10 rounds say nothing: give --rounds 10.") }
    if countsOnly && !BenchmarkReport.countFormats.contains(format) {
      throw ValidationError("--counts-only has the formats text, json and csv.")
    }
    guard baselineBinary != nil else { return }
    if save != nil || against != nil {
      throw ValidationError("--baseline-binary goes without --save and --against.")
    }
    if ![.text, .json].contains(format) {
      throw ValidationError("--baseline-binary has the formats text and json.")
    }
    if traces.contains("-") {
      throw ValidationError("--baseline-binary reads the trace many times: give a file, not '-'.")
    }
  }

  func run() async throws {
    Platform.ignoreBrokenPipes()
    #if CHECKED
      guard countsOnly else {
        Diagnostics.error(
          "this build checks every mutation, so its times mean nothing; "
            + "use a release build: swift build -c release (or --counts-only)")
        throw ExitStatus.usage.code
      }
    #endif
    if let baselineBinary {
      try await compare(withBuild: baselineBinary)
    } else {
      try measure()
    }
  }

  private func measure() throws {
    let older = try against.map(BenchFiles.read)
    let inputs = try traces.traceInputs()
    if inputs.count > 1 && (save != nil || against != nil) {
      Diagnostics.error("--save and --against take one trace, not \(inputs.count)")
      throw ExitStatus.usage.code
    }
    let measurement = BenchMeasurement(
      indexes: indexes.kinds, lookups: lookups, sizes: vmas.sizes, rounds: rounds, seed: seed,
      countsOnly: countsOnly)
    var status = ExitStatus.done
    for traceInput in inputs {
      let input = try BenchInput(trace: traceInput, strict: traceOptions.strict)
      if input.trace.eventCount == 0 {
        Diagnostics.error("\(input.name): no calls, so there is nothing to time")
        throw ExitStatus.badTrace.code
      }
      let report = measurement.report(on: input)
      var out = OutputBuffer()
      report.append(to: &out, format: format)
      let record = BenchmarkRecord(report)
      if let save { try BenchFiles.write(record, to: save) }
      if let older, try !compare(record, with: older, &out) { status = .difference }
      try Output.standard.write(&out)
      if input.status != .done { status = input.status }
    }
    if status != .done { throw status.code }
  }
}
