public import Replay

/// What was measured, on what, and what it means.
public struct BenchmarkReport: Sendable {
  /// Machine, kernel, build, trace, lookups: what must be the same for two reports to be compared.
  public var environment: [(key: String, value: String)]
  /// How it was measured, where that may differ: rounds.
  public var settings: [(key: String, value: String)]
  /// The trace itself first, then the scaled layouts.
  public var groups: [Group]

  /// The results on one layout.
  public struct Group: Sendable {
    public let vmas: Int
    /// The layout is that of the trace's peak; otherwise it is drawn from it.
    public let isRecorded: Bool
    public let results: [BenchResult]

    public init(vmas: Int, isRecorded: Bool, results: [BenchResult]) {
      self.vmas = vmas
      self.isRecorded = isRecorded
      self.results = results
    }
  }

  public enum Format: String, CaseIterable, Sendable {
    case text, json, csv
    /// Bencher Metric Format.
    case bmf
    /// github-action-benchmark, `customSmallerIsBetter`.
    case gha
    /// The text of Go's benchmarks, for benchstat: one line a round.
    case gobench
  }

  public init(
    environment: [(key: String, value: String)], settings: [(key: String, value: String)],
    groups: [Group]
  ) {
    self.environment = environment
    self.settings = settings
    self.groups = groups
  }

  /// Only what can be counted was taken, no times.
  var isCountsOnly: Bool { groups.allSatisfy { $0.results.allSatisfy(\.samples.isEmpty) } }

  /// Formats that can hold a report without times.
  public static let countFormats: Set<Format> = [.text, .json, .csv]

  public func append(to out: inout OutputBuffer, format: Format) {
    if isCountsOnly {
      appendCounts(&out, format: format)
      return
    }
    switch format {
    case .text: appendText(&out)
    case .json: appendJSON(&out)
    case .csv: appendCSV(&out)
    case .bmf: appendBMF(&out)
    case .gha: appendGHA(&out)
    case .gobench: appendGoBench(&out)
    }
  }
}

extension BenchmarkReport.Group {
  /// The result of the same operation on another index; nil where that was left out.
  func result(_ operation: BenchOperation, on index: IndexKind) -> BenchResult? {
    results.first { $0.operation == operation && $0.index == index }
  }

  /// How much longer than on another index the operation takes, in the median.
  func ratio(of result: BenchResult, to index: IndexKind) -> (value: Double, isSignificant: Bool)? {
    guard index != result.index, let other = self.result(result.operation, on: index) else {
      return nil
    }
    let mine = result.statistics
    let theirs = other.statistics
    return (mine.median / theirs.median, mine.differs(from: theirs))
  }
}

extension BenchResult {
  /// `btree/find_vma/1024`.
  var path: String { "\(index.rawValue)/\(operation.name)/\(vmas)" }

  /// Nodes looked at per lookup; exact. Nil for what is not a lookup.
  var probesPerLookup: Double? { counts.probes.map(perOperation) }

  /// Rotations per operation; exact. Nil for what does not rotate.
  var rotationsPerOperation: Double? { counts.rotations.map(perOperation) }

  private func perOperation(_ count: Int) -> Double {
    Double(count) / Double(max(counts.operations, 1))
  }

  var bytesPerVMA: Double { Double(counts.bytes) / Double(max(counts.vmas, 1)) }
}

extension Figures {
  /// `12.3`: rounded to so many decimals.
  static func decimal(_ value: Double, _ places: Int) -> String {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = UInt64((value.magnitude * scale).rounded())
    let whole = scaled / UInt64(scale)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    if places == 0 { return "\(sign)\(whole)" }
    let fraction = String(scaled % UInt64(scale))
    return "\(sign)\(whole)." + String(repeating: "0", count: places - fraction.count) + fraction
  }

  /// Nanoseconds with three digits that count.
  static func nanoseconds(_ value: Double) -> String {
    value < 100 ? decimal(value, 1) : grouped(UInt64(value.rounded()))
  }
}
