import Replay

extension BenchmarkReport {
  func appendText(_ out: inout OutputBuffer) {
    for (key, value) in environment + settings { out.append(line: "\(key): \(value)") }
    for group in groups {
      out.append(line: "")
      out.append(
        line: "\(Figures.count(UInt64(group.vmas), "VMA")), "
          + (group.isRecorded ? "the peak of the trace" : "drawn from the trace"))
      appendTable(group, &out)
    }
    if groups.count > 2 { appendPlot(&out) }
    out.append(line: "")
    out.append(
      line: "ns per operation, median and 95 % interval; x times as long as on the list and on "
        + "the rbtree;")
    out.append(line: "~ stands where the difference is not significant (Mann-Whitney, 5 %).")
  }

  private func appendTable(_ group: Group, _ out: inout OutputBuffer) {
    var table = TextTable([
      ("OPERATION", .left), ("INDEX", .left), ("NS", .right), ("95 %", .right),
      ("X LIST", .right), ("X RBTREE", .right), ("PROBES", .right), ("B/VMA", .right),
    ])
    var last: BenchOperation?
    let order = BenchOperation.all
    for operation in order {
      for result in group.results where result.operation == operation {
        let statistics = result.statistics
        let interval = statistics.interval
        table.add([
          last == operation ? "" : operation.name, result.index.rawValue,
          Figures.nanoseconds(statistics.median),
          "\(Figures.nanoseconds(interval.low))-\(Figures.nanoseconds(interval.high))",
          ratio(group.ratio(of: result, to: .list)), ratio(group.ratio(of: result, to: .rbtree)),
          result.isLookup ? Figures.decimal(result.probesPerLookup, 1) : "",
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

  /// find_vma over the number of VMAs, a column for each doubling of the time.
  ///
  /// ```
  ///     64 | b r l
  ///   1024 |  b  r       l
  /// ```
  private func appendPlot(_ out: inout OutputBuffer) {
    out.append(line: "")
    out.append(line: "find_vma by the number of VMAs; two columns are twice the time")
    out.append(line: "(l list, r rbtree, b btree, a array, * several)")
    let all = groups.flatMap { $0.results.filter { $0.operation == .find } }
    guard let least = all.map(\.statistics.median).min(), least > 0 else { return }
    for group in groups.sorted(by: { $0.vmas < $1.vmas }) {
      var cells: [Character] = []
      for result in group.results where result.operation == .find {
        let column = 2 * Self.doublings(result.statistics.median / least)
        while cells.count <= column { cells.append(" ") }
        cells[column] =
          cells[column] == " " ? result.index.rawValue.first! : "*"
      }
      let label = Figures.grouped(group.vmas)
      let padding = String(repeating: " ", count: max(10 - label.count, 0))
      out.append(line: "\(padding)\(label) | \(String(cells))")
    }
  }

  /// The logarithm to the base 2, to the nearest half below.
  private static func doublings(_ ratio: Double) -> Int {
    var count = 0
    var left = ratio
    while left >= 2 {
      left /= 2
      count += 1
    }
    return count
  }
}
