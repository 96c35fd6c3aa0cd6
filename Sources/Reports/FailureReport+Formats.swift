import AddressSpaces
import Replay
import SyscallABI

extension FailureReport {
  func appendText(_ out: inout OutputBuffer) {
    out.append(line: "\(trace), rules of \(kernel)")
    out.append("\n")
    if observer.refused.isEmpty {
      out.append(line: "no call was refused")
    } else {
      append(rows(observer.refused), title: "REFUSED", &out)
    }
    if asksWhatIf {
      out.append("\n")
      let rows = rows(observer.wouldFail)
      if rows.isEmpty {
        out.append(line: "under these limits, no call would be refused that was not")
      } else {
        append(rows, title: "WOULD FAIL", &out)
        out.append(line: "the first: \(CallText.place(rows[0].group.first))")
      }
    }
    if let full = observer.full { appendFillers(full, &out) }
    appendHeadroom(&out)
  }

  private func append(_ rows: [Row], title: String, _ out: inout OutputBuffer) {
    var table = TextTable([
      (title, .right), ("CALL", .left), ("ERROR", .left), ("LIMIT MET", .left),
      ("LINES", .left), ("THREAD", .left),
    ])
    for row in rows {
      let (first, last) = (row.group.first.line, row.group.lastLine)
      let lines =
        first == last
        ? "line \(Figures.grouped(first))"
        : "lines \(Figures.grouped(first)) to \(Figures.grouped(last))"
      let thread = row.group.first.pid == .none ? "-" : "tid \(row.group.first.pid.rawValue)"
      table.add([
        Figures.grouped(row.group.count), CallText.describe(row.group.first), error(row),
        describe(row), lines, thread,
      ])
    }
    table.append(to: &out)
  }

  /// Whose VMAs they were when there were too many.
  private func appendFillers(_ full: Explanation, _ out: inout OutputBuffer) {
    let report = ExplainReport(trace: trace, kernel: kernel, explanation: full, paths: paths)
    out.append("\n")
    out.append(
      line: "what filled it, at line \(Figures.grouped(full.position?.line ?? 0)) "
        + "(vmareplay explain --at-line \(full.position?.line ?? 0)):")
    let groups = report.boundaryGroups()
    let boundaries = (groups.needed + groups.missed).map {
      ($0.count, "boundaries: \($0.what)", $0)
    }
    let holes = report.holeGroups().map { ($0.count, "holes: \($0.what)", $0) }
    var table = TextTable([
      ("VMAS", .right), ("KEPT APART BY", .left), ("CALL", .left), ("LINES", .left),
    ])
    for (count, what, group) in (boundaries + holes).sorted(by: { $0.0 > $1.0 }).prefix(5) {
      table.add([Figures.grouped(count), what, group.setBy, group.span.linesText])
    }
    table.append(to: &out)
  }

  private func appendHeadroom(_ out: inout OutputBuffer) {
    let peak = observer.peak
    guard peak.mapCount > 0 else { return }
    let pid = peak.pid == .none ? "" : " of pid \(peak.pid.rawValue)"
    out.append("\n")
    out.append(
      line: "peak\(pid) \(Figures.grouped(peak.mapCount)) of max_map_count "
        + "\(Figures.grouped(peak.limit)), line \(Figures.grouped(peak.line)); VMAs left for")
    for (kind, count) in headroom { out.append(line: "  \(kind): \(Figures.grouped(count))") }
    if let calls = callsToLimit {
      out.append(
        line: "growing as up to the peak, the limit is met \(Figures.grouped(calls)) calls later")
    }
  }

  func appendJSON(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.member("schema", 1, &out)
    json.member("trace", trace, &out)
    json.member("kernel", kernel, &out)
    append("refused", rows(observer.refused), &json, &out)
    if asksWhatIf { append("would_fail", rows(observer.wouldFail), &json, &out) }
    let peak = observer.peak
    json.member("map_count_peak", UInt64(peak.mapCount), &out)
    json.member("peak_line", peak.line, &out)
    json.member("max_map_count", UInt64(peak.limit), &out)
    json.key("headroom", &out)
    json.beginObject(&out)
    for (kind, count) in headroom { json.member(kind, UInt64(count), &out) }
    json.endObject(&out)
    json.member("calls_to_limit", callsToLimit, &out)
    json.endObject(&out)
    out.append("\n")
  }

  private func append(
    _ key: String, _ rows: [Row], _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.key(key, &out)
    json.beginArray(&out)
    for row in rows {
      json.beginObject(&out)
      json.member("count", row.group.count, &out)
      json.member("syscall", "\(row.key.name.text)", &out)
      json.member("errno", row.key.errno == 0 ? nil : error(row), &out)
      json.member("reason", Self.name(row.key.reason), &out)
      json.member("text", describe(row), &out)
      json.member("first_line", row.group.first.line, &out)
      json.member("last_line", row.group.lastLine, &out)
      json.member("map_count", UInt64(row.group.mapCount), &out)
      json.member("total_vm", row.group.pages, &out)
      json.endObject(&out)
    }
    json.endArray(&out)
  }
}
