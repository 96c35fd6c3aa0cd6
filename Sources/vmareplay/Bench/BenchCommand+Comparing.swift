import Replay
import Reports
import TraceReading

/// Comparisons of one run with another.
extension BenchCommand {
  /// - Returns: false if something became worse.
  func compare(
    _ record: BenchmarkRecord, with kept: BenchmarkRecord, _ out: inout OutputBuffer
  ) throws -> Bool {
    var older = kept
    if countsOnly { older.keepCountsOnly() }
    try refuse(record.differences(from: older), of: "the older run")
    let comparison = record.compare(with: older, .init(tolerance: maxRegression.share))
    if format == .text {
      out.append(line: "")
      comparison.append(to: &out)
    }
    return try isGood(comparison)
  }

  func compare(withBuild baseline: String) async throws {
    guard try traces.traceInputs().count == 1 else {
      Diagnostics.error("--baseline-binary takes one trace")
      throw ExitStatus.usage.code
    }
    // Times of one process are few enough to have many turns, which say more.
    var arguments =
      traces + [
        "--rounds", "10", "--seed", String(seed), "--lookups", lookups.rawValue,
        "--indexes", indexes.kinds.map(\.rawValue).joined(separator: ","),
      ]
    if !vmas.sizes.isEmpty {
      arguments += ["--vmas", vmas.sizes.map(String.init).joined(separator: ",")]
    }
    if countsOnly { arguments.append("--counts-only") }
    if traceOptions.strict { arguments.append("--strict") }
    let run = BaselineRun(
      baseline: baseline, arguments: arguments, turns: countsOnly ? 1 : rounds, seed: seed)
    let outcome = try await run.run()
    var (now, then) = (outcome.now, outcome.then)
    now.environment["build"] = nil
    then.environment["build"] = nil
    try refuse(now.differences(from: then), of: "the other build's run")
    // Many times are compared at once, so that one in a hundred would differ by chance.
    let comparison = now.compare(
      with: then,
      .init(tolerance: maxRegression.share, level: 0.001, countsMustBeEqual: false))
    var settings = now.environment.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) }
    settings += [("baseline", baseline), ("turns", String(run.turns))]
    var out = OutputBuffer()
    if format == .json {
      comparison.appendJSON(to: &out, settings: settings)
    } else {
      for (key, value) in settings { out.append(line: "\(key): \(value)") }
      out.append(line: "")
      comparison.appendTable(to: &out)
      comparison.append(to: &out)
    }
    try Output.standard.write(&out)
    if try !isGood(comparison) { throw ExitStatus.difference.code }
  }

  private func refuse(_ differences: [String], of what: String) throws {
    if differences.isEmpty || force { return }
    for difference in differences { Diagnostics.error(difference) }
    Diagnostics.error("\(what) was made elsewhere; --force compares nevertheless")
    throw ExitStatus.usage.code
  }

  /// - Returns: false if something became worse, which standard error names where standard output
  ///   belongs to a format.
  private func isGood(_ comparison: BenchmarkComparison) throws -> Bool {
    if comparison.isEmpty {
      Diagnostics.error("the runs have no figure in common, so nothing can be compared")
      throw ExitStatus.usage.code
    }
    if format != .text {
      for line in comparison.regressions { Diagnostics.error("worse: \(line)") }
    }
    return comparison.regressions.isEmpty
  }
}
