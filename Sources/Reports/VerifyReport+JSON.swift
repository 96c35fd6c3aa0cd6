import Replay
import SyscallABI

extension VerifyReport {
  func appendJSON(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.key("schema", &out)
    json.number(1, &out)
    json.member("clean", isClean, &out)
    json.key("traces", &out)
    json.beginArray(&out)
    for trace in traces { append(trace, &json, &out) }
    json.endArray(&out)
    json.key("divergences", &out)
    json.beginArray(&out)
    for trace in traces {
      for divergence in trace.verifier.divergences { append(divergence, trace, &json, &out) }
      for comparison in trace.verifier.comparisons where !comparison.isExact {
        for disagreement in trace.verifier.disagreements(in: comparison) {
          append(disagreement, comparison, trace, &json, &out)
        }
      }
      for mismatch in trace.placement?.mismatches ?? [] {
        append(mismatch, trace, &json, &out)
      }
    }
    json.endArray(&out)
    json.endObject(&out)
    out.append("\n")
  }

  private func append(_ trace: Trace, _ json: inout JSONWriter, _ out: inout OutputBuffer) {
    json.beginObject(&out)
    json.member("trace", trace.name, &out)
    json.member("kernel", trace.kernel, &out)
    json.member("snapshots", trace.compared, &out)
    json.member("exact_snapshots", trace.exact, &out)
    json.member("results", trace.total.eventCount, &out)
    json.member("diverged_results", trace.total.divergences, &out)
    json.member("omitted_divergences", trace.verifier.omittedDivergences, &out)
    trace.placement?.append(&json, &out)
    json.endObject(&out)
  }

  private func begin(
    _ kind: String, _ line: UInt64, _ source: UInt32, _ pid: PID, _ call: String, _ trace: Trace,
    _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.beginObject(&out)
    json.member("kind", kind, &out)
    json.member("trace", trace.name, &out)
    if let file = trace.file(source) { json.member("file", file, &out) }
    json.member("line", line, &out)
    json.key("pid", &out)
    if pid == .none { json.null(&out) } else { json.number(Int(pid.rawValue), &out) }
    json.member("call", call, &out)
  }

  private func append(
    _ divergence: Divergence, _ trace: Trace, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    let text = DivergenceText(divergence)
    begin(
      "result", divergence.line, divergence.source, divergence.pid, "\(divergence.name.text)",
      trace, &json, &out)
    json.member("expected", text.expected, &out)
    json.member("found", text.found, &out)
    json.member("likely_cause", text.cause, &out)
    json.endObject(&out)
  }

  private func append(
    _ mismatch: Placement.Mismatch, _ trace: Trace, _ json: inout JSONWriter,
    _ out: inout OutputBuffer
  ) {
    begin(
      "placement", mismatch.line, 0, mismatch.pid, mismatch.kind.rawValue, trace, &json, &out)
    json.key("expected", &out)
    if let expected = mismatch.expected {
      json.string("\(expected)", &out)
    } else {
      json.null(&out)
    }
    json.member("found", "\(mismatch.found)", &out)
    json.member("likely_cause", "order of threads, or an unknown layout", &out)
    json.endObject(&out)
  }

  private func append(
    _ disagreement: MapDisagreement, _ comparison: Verifier.Comparison, _ trace: Trace,
    _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    let maps = MapsReport(paths: trace.paths)
    begin(
      "map", comparison.line, comparison.source, comparison.process.pid,
      "\(comparison.moment.rawValue) snapshot", trace, &json, &out)
    json.key("expected", &out)
    json.beginArray(&out)
    for line in disagreement.model { json.string(maps.text { maps.append(line, to: &$0) }, &out) }
    json.endArray(&out)
    json.key("found", &out)
    json.beginArray(&out)
    for line in disagreement.kernel { json.string(maps.text { maps.append(line, to: &$0) }, &out) }
    json.endArray(&out)
    json.member("likely_cause", DivergenceText.text(of: disagreement.cause), &out)
    json.member("calls_in_flight", UInt64(comparison.callsInFlight), &out)
    json.endObject(&out)
  }
}

extension MapsReport {
  /// One line as text, without its newline.
  fileprivate func text(_ append: (inout OutputBuffer) -> Void) -> String {
    var out = OutputBuffer()
    append(&out)
    return String(decoding: out.bytes.dropLast(), as: UTF8.self)
  }
}
