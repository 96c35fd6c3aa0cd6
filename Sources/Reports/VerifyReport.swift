public import Replay
public import SyscallABI

/// What a comparison of the model with the kernel found, for one trace or several.
public struct VerifyReport {
  /// The comparison of one trace.
  public struct Trace {
    var name: String
    var kernel: String
    /// The names of the files of `strace -ff`; empty for any other trace.
    var sources: [String]
    var verifier: Verifier
    var total: ProcessSummary
    var paths: PathTable
    /// nil if places were not predicted.
    var placement: Placement?

    public init(
      name: String, kernel: String, sources: [String], verifier: Verifier, total: ProcessSummary,
      paths: PathTable, placement: Placement? = nil
    ) {
      self.name = name
      self.kernel = kernel
      self.sources = sources
      self.verifier = verifier
      self.total = total
      self.paths = paths
      self.placement = placement
    }

    var exact: UInt64 { UInt64(verifier.comparisons.count { $0.isExact }) }
    var compared: UInt64 { UInt64(verifier.comparisons.count) }
    var misplaced: UInt64 { placement.map { $0.total.calls - $0.total.matches } ?? 0 }
    var isClean: Bool { total.divergences == 0 && exact == compared && misplaced == 0 }

    /// The file of a line, for traces that have one for each process.
    func file(_ source: UInt32) -> String? {
      sources.indices.contains(Int(source)) ? sources[Int(source)] : nil
    }
  }

  var traces: [Trace] = []

  public init() {}

  public mutating func add(_ trace: Trace) { traces.append(trace) }

  /// Nothing differs.
  public var isClean: Bool { traces.allSatisfy(\.isClean) }

  /// Appends the report. Only `text` and `json` are offered.
  public func append(to out: inout OutputBuffer, format: OutputFormat) {
    if format == .json { appendJSON(&out) } else { appendText(&out) }
  }

  /// Each difference, and below the figures of its trace.
  private func appendText(_ out: inout OutputBuffer) {
    for trace in traces {
      for divergence in trace.verifier.divergences { append(divergence, trace, &out) }
      if trace.verifier.omittedDivergences > 0 {
        out.append(
          line: "(\(Figures.grouped(trace.verifier.omittedDivergences)) more divergences)")
      }
      for comparison in trace.verifier.comparisons where !comparison.isExact {
        append(comparison, trace, &out)
      }
      trace.placement?.appendMismatches(&out)
      out.append(
        line: "\(trace.name): "
          + Self.figures(
            exact: trace.exact, compared: trace.compared, diverged: trace.total.divergences,
            results: trace.total.eventCount))
      if let placement = trace.placement { out.append(line: "placement: \(placement.summary)") }
    }
    if traces.count > 1 {
      out.append(
        line: "all \(traces.count) traces: "
          + Self.figures(
            exact: traces.reduce(0) { $0 + $1.exact },
            compared: traces.reduce(0) { $0 + $1.compared },
            diverged: traces.reduce(0) { $0 + $1.total.divergences },
            results: traces.reduce(0) { $0 + $1.total.eventCount }))
    }
  }

  private static func figures(
    exact: UInt64, compared: UInt64, diverged: UInt64, results: UInt64
  ) -> String {
    "\(Figures.grouped(exact)) of \(Figures.count(compared, "snapshot")) exact "
      + "(\(Figures.share(exact, of: compared))), "
      + "\(Figures.grouped(diverged)) of \(Figures.count(results, "result")) diverge"
  }

  private func place(_ line: UInt64, _ source: UInt32, _ trace: Trace) -> String {
    trace.file(source).map { "\($0):\(line)" } ?? "\(line)"
  }

  private func append(_ divergence: Divergence, _ trace: Trace, _ out: inout OutputBuffer) {
    let text = DivergenceText(divergence)
    let place = place(divergence.line, divergence.source, trace)
    var call = "\(place): [\(divergence.pid.rawValue)] \(divergence.name.text): "
    if case .overlap = divergence.kind {
      call += text.found
    } else {
      call += "recorded \(text.found), expected \(text.expected)"
    }
    out.append(line: call)
    out.append(line: "    likely: \(text.cause)")
  }

  private func append(
    _ comparison: Verifier.Comparison, _ trace: Trace, _ out: inout OutputBuffer
  ) {
    let maps = MapsReport(paths: trace.paths)
    let place = place(comparison.line, comparison.source, trace)
    var title = "\(place): [\(comparison.process.pid.rawValue)] "
    title += "\(comparison.moment.rawValue) snapshot differs"
    if comparison.callsInFlight > 0 {
      title += ", whichever of \(Figures.count(UInt64(comparison.callsInFlight), "call"))"
      title += " in flight took effect"
    }
    out.append(line: title + " (- kernel, + model):")
    for disagreement in trace.verifier.disagreements(in: comparison) {
      for entry in disagreement.kernel {
        out.append("-")
        maps.append(entry, to: &out)
      }
      for line in disagreement.model {
        out.append("+")
        maps.append(line, to: &out)
      }
      out.append(line: "    likely: \(DivergenceText.text(of: disagreement.cause))")
    }
  }
}
