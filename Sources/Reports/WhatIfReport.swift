public import Replay
import SyscallABI

/// The counts of a replay without and with rules that change it.
public struct WhatIfReport {
  let trace: String
  let kernel: String
  /// As the user named them.
  let rules: [String]
  let comparison: WhatIfComparison
  let rewriter: CallRewriter

  public init(
    trace: String, kernel: String, rules: [String], comparison: WhatIfComparison,
    rewriter: CallRewriter
  ) {
    self.trace = trace
    self.kernel = kernel
    self.rules = rules
    self.comparison = comparison
    self.rewriter = rewriter
  }

  public func append(to out: inout OutputBuffer, format: OutputFormat) {
    if format == .json { appendJSON(&out) } else { appendText(&out) }
  }

  private var changes: [(name: String, count: UInt64)] {
    CallRewriter.Change.allCases.compactMap { change in
      rewriter.changes[change].map { (change.rawValue, $0) }
    }
  }

  // MARK: Text

  private func appendText(_ out: inout OutputBuffer) {
    out.append(line: "\(trace): what if \(rules.joined(separator: ", ")), rules of \(kernel)")
    let changed = changes.map { "\($0.name) \(Figures.grouped($0.count))" }
    out.append(
      line: "calls changed: \(changed.isEmpty ? "none" : changed.joined(separator: ", "))")
    if let call = rewriter.firstRefused {
      out.append(line: "the first call refused by it: \(CallText.place(call))")
    }
    out.append("\n")
    var table = TextTable([
      ("PID", .right), ("COMMAND", .left), ("VMAS AT PEAK", .right), ("AT LINE", .right),
      ("MISSED AT PEAK", .right), ("VMAS AT END", .right), ("MISSED AT END", .right),
      ("FAILURES", .right),
    ])
    for process in comparison.processes {
      let pid = process.pid == .none ? "-" : "\(process.pid.rawValue)"
      table.add([pid, process.comm ?? "-"] + cells(process.before, process.after))
    }
    table.add(["all", ""] + cells(comparison.before, comparison.after))
    table.append(to: &out)
    if comparison.omittedProcesses > 0 {
      let hidden = Figures.grouped(comparison.omittedProcesses)
      out.append(line: "(\(hidden) processes with fewer VMAs at their peak not shown)")
    }
  }

  private func cells(
    _ before: WhatIfComparison.Figures, _ after: WhatIfComparison.Figures
  ) -> [String] {
    [
      cell(before.mapCountPeak, after.mapCountPeak),
      cell(Int(clamping: before.peakLine), Int(clamping: after.peakLine)),
      cell(before.missedMergesAtPeak, after.missedMergesAtPeak),
      cell(before.mapCount, after.mapCount), cell(before.missedMerges, after.missedMerges),
      cell(Int(clamping: before.failures), Int(clamping: after.failures)),
    ]
  }

  /// `222 -> 22`; one figure where nothing changes.
  private func cell(_ before: Int, _ after: Int) -> String {
    before == after
      ? Figures.grouped(before) : "\(Figures.grouped(before)) -> \(Figures.grouped(after))"
  }

  // MARK: JSON

  private func appendJSON(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.member("schema", 1, &out)
    json.member("trace", trace, &out)
    json.member("kernel", kernel, &out)
    json.key("rules", &out)
    json.beginArray(&out)
    for rule in rules { json.string(rule, &out) }
    json.endArray(&out)
    json.key("changed", &out)
    json.beginObject(&out)
    for change in CallRewriter.Change.allCases {
      json.member(change.key, rewriter.changes[change] ?? 0, &out)
    }
    json.endObject(&out)
    json.member("first_refused_line", rewriter.firstRefused?.line, &out)
    json.member("first_refused", rewriter.firstRefused.map { CallText.describe($0) }, &out)
    json.key("total", &out)
    json.beginObject(&out)
    append(comparison.before, comparison.after, &json, &out)
    json.endObject(&out)
    json.key("processes", &out)
    json.beginArray(&out)
    for process in comparison.processes {
      json.beginObject(&out)
      let pid = process.pid
      json.member("pid", pid == .none ? nil : UInt64(UInt32(bitPattern: pid.rawValue)), &out)
      json.member("comm", process.comm, &out)
      append(process.before, process.after, &json, &out)
      json.endObject(&out)
    }
    json.endArray(&out)
    if comparison.omittedProcesses > 0 {
      json.member("omitted_processes", UInt64(comparison.omittedProcesses), &out)
    }
    json.endObject(&out)
    out.append("\n")
  }

  private func append(
    _ before: WhatIfComparison.Figures, _ after: WhatIfComparison.Figures,
    _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    for (key, figures) in [("before", before), ("after", after)] {
      json.key(key, &out)
      json.beginObject(&out)
      json.member("map_count_peak", UInt64(figures.mapCountPeak), &out)
      json.member("peak_line", figures.peakLine, &out)
      json.member("missed_merges_at_peak", UInt64(figures.missedMergesAtPeak), &out)
      json.member("map_count", UInt64(figures.mapCount), &out)
      json.member("missed_merges", UInt64(figures.missedMerges), &out)
      json.member("failures", figures.failures, &out)
      json.endObject(&out)
    }
  }
}

extension CallRewriter.Change {
  /// The key in JSON.
  fileprivate var key: String {
    switch self {
    case .leftOut: "left_out"
    case .withoutFlag: "without_flag"
    case .guarded: "guarded"
    }
  }
}
