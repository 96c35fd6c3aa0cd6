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
      if !result.samples.isEmpty { times[result.path] = result.samples }
      counts["\(result.path)/answer"] = result.answer
      for (name, value) in result.exact { counts["\(result.path)/\(name)"] = value }
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

  /// Leaves out the times and what they depend on: machine, kernel and build.
  public mutating func keepCountsOnly() {
    times = [:]
    for key in ["machine", "kernel", "build"] { environment[key] = nil }
  }

  /// Adds another run of the same build: each run then counts once, as its median.
  ///
  /// Samples of one process have its memory layout in common, so that they say less than as many
  /// samples of several processes.
  public mutating func add(run other: BenchmarkRecord) {
    if environment.isEmpty { environment = other.environment }
    counts.merge(other.counts) { _, new in new }
    for (key, samples) in other.times where !samples.isEmpty {
      times[key, default: []].append(SampleStatistics(samples).median)
    }
  }

  public init() {}
}
