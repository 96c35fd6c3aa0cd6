import Replay

extension BenchmarkReport {
  func appendText(_ out: inout OutputBuffer) {
    appendHead(&out)
    for group in groups {
      out.append(line: "")
      out.append(line: group.title)
      appendTable(group, &out)
    }
    if groups.count > 2 { appendPlot(&out) }
    for line in crossovers() { out.append(line: line) }
    out.append(line: "")
    for line in Self.explanation { out.append(line: line) }
  }

  /// On what was measured, and how.
  func appendHead(_ out: inout OutputBuffer) {
    for (key, value) in environment + settings { out.append(line: "\(key): \(value)") }
  }

  private static let explanation = [
    "ns per operation: the median of the rounds, its 95 % interval, and what 99 of 100 blocks of",
    "128 operations do not exceed; x times as long as on the list and on the rbtree, with ~ where",
    "there is no significant difference (Mann-Whitney, 5 %). Exact: nodes probed per lookup,",
    "rotations per operation, bytes per VMA. The list is left out above "
      + "\(Figures.grouped(BenchRunner.linearLimit)) VMAs;",
    "merges run on at most 65,536 copies of their picture.",
  ]

  private func appendTable(_ group: Group, _ out: inout OutputBuffer) {
    var table = TextTable([
      ("OPERATION", .left), ("INDEX", .left), ("NS", .right), ("95 %", .right), ("P99", .right),
      ("X LIST", .right), ("X RBTREE", .right), ("PROBES", .right), ("ROTATIONS", .right),
      ("B/VMA", .right),
    ])
    var last: BenchOperation?
    for operation in BenchOperation.all {
      for result in group.results where result.operation == operation {
        let statistics = result.statistics
        let interval = statistics.interval
        table.add([
          last == operation ? "" : operation.name, result.index.rawValue,
          Figures.nanoseconds(statistics.median),
          "\(Figures.nanoseconds(interval.low))-\(Figures.nanoseconds(interval.high))",
          result.p99.map { Figures.nanoseconds($0) } ?? "",
          ratio(group.ratio(of: result, to: .list)), ratio(group.ratio(of: result, to: .rbtree)),
          result.probesPerLookup.map { Figures.decimal($0, 2) } ?? "",
          result.rotationsPerOperation.map { Figures.decimal($0, 2) } ?? "",
          operation == .find ? Figures.decimal(result.bytesPerVMA, 1) : "",
        ])
        last = operation
      }
    }
    table.append(to: &out)
  }

  private func ratio(_ ratio: (value: Double, isSignificant: Bool)?) -> String {
    guard let ratio else { return "" }
    return (ratio.isSignificant ? "" : "~") + Figures.decimal(ratio.value, 2)
  }
}

extension BenchmarkReport.Group {
  var title: String {
    "\(Figures.count(UInt64(vmas), "VMA")), "
      + (isRecorded ? "the peak of the trace" : "drawn from the trace")
  }
}
