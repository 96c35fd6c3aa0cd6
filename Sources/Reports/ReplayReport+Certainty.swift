import AddressSpaces
import Replay
import SyscallABI

// What the log leaves open, where that was asked for.

extension ReplayReport {
  func append(
    _ certainty: CertaintySummary, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    for (key, value) in [
      ("map_count_min", certainty.mapCountMin), ("map_count_max", certainty.mapCountMax),
      ("map_count_peak_min", certainty.mapCountPeakMin),
      ("map_count_peak_max", certainty.mapCountPeakMax),
      ("certain_boundaries", certainty.certainBoundaries),
      ("maybe_boundaries", certainty.maybeBoundaries),
    ] {
      json.key(key, &out)
      json.number(value, &out)
    }
    append("maybe_causes", certainty.namedDoubts, &json, &out)
  }

  /// A table of intervals, and what is in doubt.
  func appendCertainty(_ out: inout OutputBuffer) {
    guard let certainty = total.certainty else { return }
    out.append("\n")
    var table = TextTable([
      ("PID", .right), ("COMMAND", .left), ("VMAS", .right), ("PEAK", .right),
      ("BOUNDARIES", .right), ("MAYBE", .right), ("IN DOUBT", .left),
    ])
    var shown = Array(processes.enumerated())
    if shown.count > Self.tableLimit {
      shown.sort { ($1.element.mapCountPeak, $0.offset) < ($0.element.mapCountPeak, $1.offset) }
      shown = shown.prefix(Self.tableLimit).sorted { $0.offset < $1.offset }
    }
    for (_, process) in shown {
      guard let certainty = process.certainty else { continue }
      let pid = process.pid == .none ? "-" : "\(process.pid.rawValue)"
      table.add([pid, process.comm ?? "?"] + figures(certainty))
    }
    if processes.count > 1 { table.add(["all", ""] + figures(certainty)) }
    table.append(to: &out)
    let known = processes.count { $0.certainty?.isCertain ?? false }
    out.append(
      line: "certain     \(Figures.grouped(known)) of "
        + "\(Figures.count(UInt64(processes.count), "process")) listed have one possible number "
        + "of VMAs at the end")
  }

  private func figures(_ certainty: CertaintySummary) -> [String] {
    [
      Self.interval(certainty.mapCountMin, certainty.mapCountMax),
      Self.interval(certainty.mapCountPeakMin, certainty.mapCountPeakMax),
      Figures.grouped(certainty.certainBoundaries), Figures.grouped(certainty.maybeBoundaries),
      byCount(certainty.namedDoubts).map { "\($0.name) \(Figures.grouped($0.count))" }
        .joined(separator: ", "),
    ]
  }

  /// `12`, or `12..15`.
  private static func interval(_ low: Int, _ high: Int) -> String {
    low == high ? Figures.grouped(low) : "\(Figures.grouped(low))..\(Figures.grouped(high))"
  }
}

extension CertaintySummary {
  /// Borders that may be there, by what is in doubt.
  var namedDoubts: [(name: String, count: UInt64)] {
    Doubt.allCases.compactMap { doubt in
      let count = maybeBoundaries(doubt)
      return count == 0 ? nil : ("\(doubt.label)", UInt64(count))
    }
  }
}
