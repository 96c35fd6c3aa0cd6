import Replay

extension BenchmarkReport {
  func appendJSON(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.key("schema", &out)
    json.number(1, &out)
    for (key, value) in environment + settings {
      json.key(key.replacing(" ", with: "_"), &out)
      json.string(value, &out)
    }
    json.key("layouts", &out)
    json.beginArray(&out)
    for group in groups {
      json.beginObject(&out)
      json.key("vmas", &out)
      json.number(group.vmas, &out)
      json.key("recorded", &out)
      json.bool(group.isRecorded, &out)
      json.key("results", &out)
      json.beginArray(&out)
      for result in group.results { append(result, group, &json, &out) }
      json.endArray(&out)
      json.endObject(&out)
    }
    json.endArray(&out)
    json.endObject(&out)
    out.append("\n")
  }

  private func append(
    _ result: BenchResult, _ group: Group, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    let statistics = result.statistics
    json.beginObject(&out)
    json.key("operation", &out)
    json.string(result.operation.name, &out)
    json.key("index", &out)
    json.string(result.index.rawValue, &out)
    for (key, value) in [
      ("ns", statistics.median), ("ns_low", statistics.interval.low),
      ("ns_high", statistics.interval.high),
    ] {
      json.key(key, &out)
      json.literal(Figures.decimal(value, 3), &out)
    }
    if let p99 = result.p99 {
      json.key("ns_p99", &out)
      json.literal(Figures.decimal(p99, 3), &out)
    }
    for (key, index) in [("to_list", IndexKind.list), ("to_rbtree", .rbtree)] {
      guard let ratio = group.ratio(of: result, to: index) else { continue }
      json.key(key, &out)
      json.literal(Figures.decimal(ratio.value, 4), &out)
      json.key("\(key)_significant", &out)
      json.bool(ratio.isSignificant, &out)
    }
    for (key, value) in [
      ("probes_per_lookup", result.probesPerLookup),
      ("rotations_per_operation", result.rotationsPerOperation),
    ] {
      guard let value else { continue }
      json.key(key, &out)
      json.literal(Figures.decimal(value, 4), &out)
    }
    json.key("bytes_per_vma", &out)
    json.literal(Figures.decimal(result.bytesPerVMA, 2), &out)
    json.key("counts", &out)
    json.beginObject(&out)
    for (name, value) in result.exact {
      json.key(name, &out)
      json.number(value, &out)
    }
    json.endObject(&out)
    json.key("samples", &out)
    json.beginArray(&out)
    for sample in result.samples { json.literal(Figures.decimal(sample, 3), &out) }
    json.endArray(&out)
    json.endObject(&out)
  }

  /// `{"btree/find_vma/64": {"latency": {"value": 20.1, "lower_value": …, "upper_value": …}}}`
  func appendBMF(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    for result in groups.flatMap(\.results) {
      let statistics = result.statistics
      json.key(result.path, &out)
      json.beginObject(&out)
      json.key("latency", &out)
      json.beginObject(&out)
      for (key, value) in [
        ("value", statistics.median), ("lower_value", statistics.interval.low),
        ("upper_value", statistics.interval.high),
      ] {
        json.key(key, &out)
        json.literal(Figures.decimal(value, 3), &out)
      }
      json.endObject(&out)
      json.endObject(&out)
    }
    json.endObject(&out)
    out.append("\n")
  }

  /// `[{"name": "btree/find_vma/64", "unit": "ns/op", "value": 20.1, "range": "± 0.4"}]`
  func appendGHA(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginArray(&out)
    for result in groups.flatMap(\.results) {
      let statistics = result.statistics
      json.beginObject(&out)
      json.key("name", &out)
      json.string(result.path, &out)
      json.key("unit", &out)
      json.string("ns/op", &out)
      json.key("value", &out)
      json.literal(Figures.decimal(statistics.median, 3), &out)
      json.key("range", &out)
      let half = (statistics.interval.high - statistics.interval.low) / 2
      json.string("± \(Figures.decimal(half, 3))", &out)
      json.endObject(&out)
    }
    json.endArray(&out)
    out.append("\n")
  }
}
