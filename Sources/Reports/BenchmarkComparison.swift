import Replay

/// How a run compares with an older one: what became worse and what better.
public struct BenchmarkComparison: Sendable {
  /// How much must be certain, and what counts as worse.
  public struct Rules: Sendable {
    /// By how much a median may rise, as a share of 1.
    public var tolerance: Double
    /// The level of the Mann-Whitney test.
    public var level: Double
    /// Any other count is a regression. Otherwise fewer probes, rotations and bytes are none.
    public var countsMustBeEqual: Bool

    public init(tolerance: Double, level: Double = 0.01, countsMustBeEqual: Bool = true) {
      self.tolerance = tolerance
      self.level = level
      self.countsMustBeEqual = countsMustBeEqual
    }
  }

  /// One time in both runs, in nanoseconds per operation.
  public struct Row: Sendable {
    public let path: String
    public let now: Double
    public let then: Double
    public let isSignificant: Bool

    public var ratio: Double { now / then }
  }

  public internal(set) var comparedCounts = 0
  public internal(set) var rows: [Row] = []
  public internal(set) var regressions: [String] = []
  public internal(set) var improvements: [String] = []
  /// What only one of the runs has.
  public internal(set) var unmatched: [String] = []

  public var isEmpty: Bool { comparedCounts == 0 && rows.isEmpty }

  public init() {}

  public func append(to out: inout OutputBuffer) {
    for line in regressions { out.append(line: "worse   \(line)") }
    for line in improvements { out.append(line: "better  \(line)") }
    if !unmatched.isEmpty {
      out.append(line: "\(Figures.count(UInt64(unmatched.count), "figure")) in one run only")
    }
    out.append(
      line: "compared \(Figures.count(UInt64(comparedCounts), "exact count")) and "
        + "\(Figures.count(UInt64(rows.count), "time")): "
        + "\(Figures.count(UInt64(regressions.count), "regression"))")
  }

  /// All times side by side.
  public func appendTable(to out: inout OutputBuffer) {
    if rows.isEmpty { return }
    var table = TextTable([
      ("OPERATION", .left), ("NS", .right), ("BASELINE", .right), ("X", .right),
    ])
    for row in rows {
      table.add([
        row.path, Figures.nanoseconds(row.now), Figures.nanoseconds(row.then),
        (row.isSignificant ? "" : "~") + Figures.decimal(row.ratio, 2),
      ])
    }
    table.append(to: &out)
  }

  public func appendJSON(to out: inout OutputBuffer, settings: [(key: String, value: String)]) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.key("schema", &out)
    json.number(1, &out)
    for (key, value) in settings {
      json.key(key, &out)
      json.string(value, &out)
    }
    json.key("counts_compared", &out)
    json.number(comparedCounts, &out)
    json.key("times", &out)
    json.beginArray(&out)
    for row in rows {
      json.beginObject(&out)
      json.key("operation", &out)
      json.string(row.path, &out)
      for (key, value) in [("ns", row.now), ("baseline_ns", row.then), ("ratio", row.ratio)] {
        json.key(key, &out)
        json.literal(Figures.decimal(value, 3), &out)
      }
      json.key("significant", &out)
      json.bool(row.isSignificant, &out)
      json.endObject(&out)
    }
    json.endArray(&out)
    for (key, lines) in [("regressions", regressions), ("improvements", improvements)] {
      json.key(key, &out)
      json.beginArray(&out)
      for line in lines { json.string(line, &out) }
      json.endArray(&out)
    }
    json.endObject(&out)
    out.append("\n")
  }
}

extension BenchmarkRecord {
  /// How this run compares with an older one.
  public func compare(
    with older: BenchmarkRecord, _ rules: BenchmarkComparison.Rules
  ) -> BenchmarkComparison {
    var comparison = BenchmarkComparison()
    compareCounts(with: older, rules, &comparison)
    compareTimes(with: older, rules, &comparison)
    let ours = Set(counts.keys).union(times.keys)
    let theirs = Set(older.counts.keys).union(older.times.keys)
    comparison.unmatched = ours.symmetricDifference(theirs).sorted()
    return comparison
  }

  private func compareCounts(
    with older: BenchmarkRecord, _ rules: BenchmarkComparison.Rules,
    _ comparison: inout BenchmarkComparison
  ) {
    for (key, count) in counts.sorted(by: { $0.key < $1.key }) {
      guard let before = older.counts[key] else { continue }
      comparison.comparedCounts += 1
      if before == count { continue }
      let line = "\(key): \(count), was \(before)"
      let isCost = ["/probes", "/rotations", "/bytes"].contains { key.hasSuffix($0) }
      let isWorse = rules.countsMustBeEqual || count > before || !isCost
      if isWorse {
        comparison.regressions.append(line)
      } else {
        comparison.improvements.append(line)
      }
    }
  }

  private func compareTimes(
    with older: BenchmarkRecord, _ rules: BenchmarkComparison.Rules,
    _ comparison: inout BenchmarkComparison
  ) {
    for (key, samples) in times.sorted(by: { $0.key < $1.key }) {
      guard let before = older.times[key], !before.isEmpty, !samples.isEmpty else { continue }
      let (now, then) = (SampleStatistics(samples), SampleStatistics(before))
      let row = BenchmarkComparison.Row(
        path: key, now: now.median, then: then.median,
        isSignificant: now.differs(from: then, level: rules.level))
      comparison.rows.append(row)
      guard row.isSignificant else { continue }
      let line =
        "\(key): \(Figures.nanoseconds(row.now)) ns, was \(Figures.nanoseconds(row.then))"
        + " (x \(Figures.decimal(row.ratio, 2)))"
      if row.ratio > 1 + rules.tolerance { comparison.regressions.append(line) }
      if row.ratio < 1 - rules.tolerance { comparison.improvements.append(line) }
    }
  }
}
