import Replay

/// Reports without times: what is the same on every machine.
extension BenchmarkReport {
  func appendCounts(_ out: inout OutputBuffer, format: Format) {
    switch format {
    case .json: appendCountsJSON(&out)
    case .csv: appendCountsCSV(&out)
    default: appendCountsText(&out)
    }
  }

  private func appendCountsText(_ out: inout OutputBuffer) {
    appendHead(&out)
    for group in groups {
      out.append(line: "")
      out.append(line: group.title)
      var table = TextTable([
        ("OPERATION", .left), ("INDEX", .left), ("OPERATIONS", .right), ("PROBES", .right),
        ("HITS", .right), ("ROTATIONS", .right), ("MERGES", .right), ("SPLITS", .right),
        ("BYTES", .right),
      ])
      for operation in BenchOperation.all {
        for result in group.results where result.operation == operation {
          let counts = result.counts
          table.add(
            [operation.name, result.index.rawValue]
              + [
                counts.operations, counts.probes, counts.hits, counts.rotations, counts.merges,
                counts.splits, operation == .find ? counts.bytes : nil,
              ].map { count in count.map { Figures.grouped($0) } ?? "" })
        }
      }
      table.append(to: &out)
    }
  }

  private func appendCountsJSON(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.key("schema", &out)
    json.number(1, &out)
    for (key, value) in environment + settings {
      json.key(key, &out)
      json.string(value, &out)
    }
    json.key("counts", &out)
    json.beginObject(&out)
    for result in groups.flatMap(\.results) {
      for (name, value) in result.exact {
        json.key("\(result.path)/\(name)", &out)
        json.number(value, &out)
      }
    }
    json.endObject(&out)
    json.endObject(&out)
    out.append("\n")
  }

  private func appendCountsCSV(_ out: inout OutputBuffer) {
    out.append(line: "operation,index,vmas,count,value")
    for result in groups.flatMap(\.results) {
      for (name, value) in result.exact {
        out.append(
          line: "\(result.operation.name),\(result.index.rawValue),\(result.vmas),\(name),\(value)")
      }
    }
  }
}
