import AddressSpaces
import Replay
import SyscallABI

extension ReplayReport {
  func appendJSON(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.key("schema", &out)
    json.number(1, &out)
    json.key("traces", &out)
    json.beginArray(&out)
    for trace in traces { json.string(trace, &out) }
    json.endArray(&out)
    json.key("kernel", &out)
    json.string(kernel, &out)
    json.key("index", &out)
    json.string(index.rawValue, &out)
    json.key("lines", &out)
    json.number(lines, &out)
    json.key("total", &out)
    append(total, isTotal: true, &json, &out)
    json.key("processes", &out)
    json.beginArray(&out)
    for process in processes { append(process, isTotal: false, &json, &out) }
    json.endArray(&out)
    placement?.append(&json, &out)
    segments?.append(&json, &out)
    if omittedProcesses > 0 {
      json.key("omitted_processes", &out)
      json.number(omittedProcesses, &out)
    }
    json.endObject(&out)
    out.append("\n")
  }

  private func append(
    _ summary: ProcessSummary, isTotal: Bool, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.beginObject(&out)
    json.key("pid", &out)
    if summary.pid == .none {
      json.null(&out)
    } else {
      json.number(Int(summary.pid.rawValue), &out)
    }
    json.key("comm", &out)
    if let comm = summary.comm { json.string(comm, &out) } else { json.null(&out) }
    if isTotal {
      json.key("process_count", &out)
      json.number(summary.processCount, &out)
    } else {
      json.key("ended", &out)
      json.bool(summary.hasEnded, &out)
      appendTask(summary, &json, &out)
    }
    append("events", summary.namedEvents, &json, &out)
    append("failures", summary.namedFailures, &json, &out)
    for (key, value) in [
      ("map_count", UInt64(summary.mapCount)), ("map_count_peak", UInt64(summary.mapCountPeak)),
      ("peak_line", summary.peakLine), ("total_vm", summary.totalVM),
    ] {
      json.key(key, &out)
      json.number(value, &out)
    }
    if let certainty = summary.certainty { append(certainty, &json, &out) }
    json.key("implied", &out)
    json.number(summary.impliedPages, &out)
    json.key("placed", &out)
    json.number(summary.placedPages, &out)
    append(
      "merges", MergeCase.allCases.map { ("\($0.rawValue)", summary.statistics.merges($0)) },
      &json, &out)
    append("boundaries", summary.boundaries.namedBoundaries, &json, &out)
    append("missed_merges", summary.boundaries.namedMissedMerges, &json, &out)
    append("refusals", summary.namedRefusals, &json, &out)
    json.key("splits", &out)
    json.number(summary.statistics.splits, &out)
    append(
      "mmap_cache",
      [("hits", summary.cache.hits), ("lookups", summary.cache.lookups)], &json, &out)
    for (key, value) in [
      ("holes", UInt64(summary.holes)), ("divergences", summary.divergences),
      ("malformed", summary.malformed),
      ("unknown_to_profile", summary.statistics.unknownToProfile),
    ] {
      json.key(key, &out)
      json.number(value, &out)
    }
    append(
      "status_kb",
      summary.status.lines.map { ("\($0.name)", $0.pages << (Page.shift - 10)) }, &json, &out)
    if isTotal && summary.statusPID != .none {
      json.member("status_pid", UInt64(summary.statusPID.rawValue), &out)
    }
    json.endObject(&out)
  }

  func append(
    _ key: String, _ counts: [(name: String, count: UInt64)], _ json: inout JSONWriter,
    _ out: inout OutputBuffer
  ) {
    json.key(key, &out)
    json.beginObject(&out)
    for (name, count) in counts {
      json.key(name, &out)
      json.number(count, &out)
    }
    json.endObject(&out)
  }
}
