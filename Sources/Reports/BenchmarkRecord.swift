import Replay

/// The part of a benchmark that is kept to compare later runs with: a small text file.
///
/// ```
/// vmareplay-bench 1
/// env machine AMD EPYC
/// count btree/find_vma/1024/probes 300000
/// time btree/find_vma/1024 20.112 20.310 …
/// ```
public struct BenchmarkRecord: Sendable {
  public var environment: [String: String] = [:]
  /// What is the same in every run: compared by equality.
  public var counts: [String: UInt64] = [:]
  /// Nanoseconds per operation, one for each round.
  public var times: [String: [Double]] = [:]

  private static let firstLine = "vmareplay-bench 1"

  public init(_ report: BenchmarkReport) {
    for (key, value) in report.environment { environment[key] = value }
    for result in report.groups.flatMap(\.results) {
      times[result.path] = result.samples
      counts["\(result.path)/answer"] = result.answer
      if case .find = result.operation {
        counts["\(result.path)/probes"] = UInt64(result.counts.probes)
        counts["\(result.path)/bytes"] = UInt64(result.counts.bytes)
      }
    }
  }

  /// - Returns: nil if the text is no record.
  public init?(text: String) {
    let lines = text.split(separator: "\n")
    guard lines.first == Self.firstLine[...] else { return nil }
    for line in lines.dropFirst() {
      let words = line.split(separator: " ", maxSplits: 2).map(String.init)
      guard words.count == 3 else { return nil }
      switch words[0] {
      case "env": environment[words[1]] = words[2]
      case "count":
        guard let count = UInt64(words[2]) else { return nil }
        counts[words[1]] = count
      case "time":
        let samples = words[2].split(separator: " ").map { Double($0) }
        if samples.contains(nil) { return nil }
        times[words[1]] = samples.compactMap { $0 }
      default: return nil
      }
    }
  }

  public func append(to out: inout OutputBuffer) {
    out.append(line: Self.firstLine)
    for (key, value) in environment.sorted(by: { $0.key < $1.key }) {
      out.append(line: "env \(key) \(value)")
    }
    for (key, value) in counts.sorted(by: { $0.key < $1.key }) {
      out.append(line: "count \(key) \(value)")
    }
    for (key, samples) in times.sorted(by: { $0.key < $1.key }) {
      let digits = samples.map { Figures.decimal($0, 3) }
      out.append(line: "time \(key) \(digits.joined(separator: " "))")
    }
  }

  /// What differs between the places where two records were made, as `key: theirs, here ours`.
  public func differences(from older: BenchmarkRecord) -> [String] {
    Set(environment.keys).union(older.environment.keys).sorted().compactMap { key in
      let (ours, theirs) = (environment[key] ?? "unknown", older.environment[key] ?? "unknown")
      return ours == theirs ? nil : "\(key): \(theirs), here \(ours)"
    }
  }

  /// How this run compares with an older one.
  ///
  /// - Parameter tolerance: by how much a median may rise, as a share of 1.
  public func compare(with older: BenchmarkRecord, tolerance: Double) -> BenchmarkComparison {
    var comparison = BenchmarkComparison()
    for (key, count) in counts.sorted(by: { $0.key < $1.key }) {
      guard let before = older.counts[key] else { continue }
      comparison.comparedCounts += 1
      if before != count {
        comparison.regressions.append("\(key): \(count), was \(before)")
      }
    }
    for (key, samples) in times.sorted(by: { $0.key < $1.key }) {
      guard let before = older.times[key], !before.isEmpty, !samples.isEmpty else { continue }
      comparison.comparedTimes += 1
      let (now, then) = (SampleStatistics(samples), SampleStatistics(before))
      let ratio = now.median / then.median
      guard now.differs(from: then, level: 0.01) else { continue }
      let line =
        "\(key): \(Figures.nanoseconds(now.median)) ns, was \(Figures.nanoseconds(then.median))"
        + " (x \(Figures.decimal(ratio, 2)))"
      if ratio > 1 + tolerance { comparison.regressions.append(line) }
      if ratio < 1 - tolerance { comparison.improvements.append(line) }
    }
    return comparison
  }
}

/// What became worse and what better.
public struct BenchmarkComparison: Sendable {
  public var comparedCounts = 0
  public var comparedTimes = 0
  public var regressions: [String] = []
  public var improvements: [String] = []

  public func append(to out: inout OutputBuffer) {
    for line in regressions { out.append(line: "worse   \(line)") }
    for line in improvements { out.append(line: "better  \(line)") }
    out.append(
      line: "compared \(Figures.count(UInt64(comparedCounts), "exact count")) and "
        + "\(Figures.count(UInt64(comparedTimes), "time")): "
        + "\(Figures.count(UInt64(regressions.count), "regression"))")
  }
}
