import Replay

extension BenchmarkReport {
  func appendCSV(_ out: inout OutputBuffer) {
    out.append(
      line: "operation,index,vmas,ns,ns_low,ns_high,ns_p99,to_list,to_rbtree,probes_per_lookup,"
        + "rotations_per_operation,bytes_per_vma,rounds")
    for group in groups {
      for result in group.results {
        let statistics = result.statistics
        func ratio(_ index: IndexKind) -> String {
          group.ratio(of: result, to: index).map { Figures.decimal($0.value, 4) } ?? ""
        }
        let cells = [
          result.operation.name, result.index.rawValue, String(result.vmas),
          Figures.decimal(statistics.median, 3), Figures.decimal(statistics.interval.low, 3),
          Figures.decimal(statistics.interval.high, 3),
          result.p99.map { Figures.decimal($0, 3) } ?? "", ratio(.list), ratio(.rbtree),
          result.probesPerLookup.map { Figures.decimal($0, 4) } ?? "",
          result.rotationsPerOperation.map { Figures.decimal($0, 4) } ?? "",
          Figures.decimal(result.bytesPerVMA, 2), String(result.samples.count),
        ]
        out.append(line: cells.joined(separator: ","))
      }
    }
  }

  /// What benchstat reads: configuration lines, then a line for each sample.
  func appendGoBench(_ out: inout OutputBuffer) {
    for (key, value) in environment {
      out.append(line: "\(key.replacing(" ", with: "-")): \(value)")
    }
    for result in groups.flatMap(\.results) {
      for sample in result.samples {
        out.append(
          line: "Benchmark/op=\(result.operation.name)/index=\(result.index.rawValue)"
            + "/vmas=\(result.vmas) 1 \(Figures.decimal(sample, 3)) ns/op")
      }
    }
  }
}
