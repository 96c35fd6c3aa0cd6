import Replay
import SyscallABI

extension TimelineReport {
  // MARK: Text

  func appendText(_ out: inout OutputBuffer) {
    let pid = timeline.pid == .none ? "the process" : "pid \(timeline.pid.rawValue)"
    let name = command.map { " (\($0))" } ?? ""
    out.append(line: "\(trace): \(pid)\(name), rules of \(kernel)")
    guard let first = timeline.points.first, let last = timeline.points.last, let peak else {
      out.append(line: "it made no call")
      return
    }
    let lines = (first.line, last.line)
    out.append("\n")
    out.append(line: "VMAs")
    LineChart(
      values: timeline.points.map { UInt64($0.mapCountPeak) }, width: width, lines: lines,
      label: { Figures.grouped($0) }
    ).append(to: &out)
    out.append("\n")
    out.append(line: "mapped")
    LineChart(
      values: timeline.points.map { $0.mapped << 12 }, width: width, lines: lines,
      label: { Figures.size(bytes: $0) }
    ).append(to: &out)
    out.append("\n")
    appendLandmarks(peak, last, &out)
  }

  private func appendLandmarks(
    _ peak: Timeline.Point, _ last: Timeline.Point, _ out: inout OutputBuffer
  ) {
    out.append(
      line: "peak      \(Figures.count(UInt64(peak.mapCountPeak), "VMA")) at line "
        + Figures.grouped(peak.peakLine))
    if let rise = steepestRise {
      out.append(
        line: "steepest  \(Figures.grouped(rise.from.mapCount)) to "
          + "\(Figures.grouped(rise.to.mapCount)) VMAs from line \(Figures.grouped(rise.from.line))"
          + " to \(Figures.grouped(rise.to.line))")
    }
    for phase in phases {
      let course =
        phase.from == phase.to
        ? "stays at \(Figures.grouped(phase.to))"
        : "\(phase.from < phase.to ? "rises" : "falls") from \(Figures.grouped(phase.from)) to "
          + Figures.grouped(phase.to)
      out.append(
        line: "phase     lines \(Figures.grouped(phase.firstLine)) to "
          + "\(Figures.grouped(phase.lastLine)): \(course)")
    }
    out.append(
      line: "at last   heap \(Figures.size(pages: last.heap)), "
        + "anonymous \(Figures.size(pages: last.anonymous)), "
        + "files \(Figures.size(pages: last.file)), stack \(Figures.size(pages: last.stack)), "
        + "\(Figures.count(UInt64(last.holes), "hole")), "
        + "\(Figures.count(UInt64(last.missedMerges), "missed merge"))")
  }

  // MARK: Rows

  private static let columns = [
    "line", "time", "map_count_peak", "peak_line", "map_count", "mapped", "heap", "stack", "file",
    "anonymous", "holes", "missed_merges",
  ]

  /// The numbers of a point in the order of `columns`, without line and time.
  private func figures(_ point: Timeline.Point) -> [UInt64] {
    [
      UInt64(point.mapCountPeak), point.peakLine, UInt64(point.mapCount), point.mapped << 12,
      point.heap << 12, point.stack << 12, point.file << 12, point.anonymous << 12,
      UInt64(point.holes), UInt64(point.missedMerges),
    ]
  }

  func appendCSV(_ out: inout OutputBuffer) {
    out.append(line: Self.columns.joined(separator: ","))
    for point in timeline.points {
      out.append(decimal: point.line)
      out.append(",")
      if point.time != .none {
        var json = JSONWriter(indented: false)
        json.seconds(nanoseconds: point.time.nanoseconds, &out)
      }
      for figure in figures(point) {
        out.append(",")
        out.append(decimal: figure)
      }
      out.append("\n")
    }
  }

  func append(
    _ point: Timeline.Point, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.beginObject(&out)
    json.member("line", point.line, &out)
    json.key("time", &out)
    if point.time == .none {
      json.null(&out)
    } else {
      json.seconds(nanoseconds: point.time.nanoseconds, &out)
    }
    for (key, value) in zip(Self.columns.dropFirst(2), figures(point)) {
      json.member(key, value, &out)
    }
    json.endObject(&out)
  }

  func appendJSON(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.member("schema", 1, &out)
    json.member("trace", trace, &out)
    json.member("kernel", kernel, &out)
    json.member("pid", UInt64(exactly: timeline.pid.rawValue), &out)
    json.member("comm", command, &out)
    json.member("map_count_peak", peak.map { UInt64($0.mapCountPeak) }, &out)
    json.member("peak_line", peak?.peakLine, &out)
    json.key("points", &out)
    json.beginArray(&out)
    for point in timeline.points { append(point, &json, &out) }
    json.endArray(&out)
    json.endObject(&out)
    out.append("\n")
  }
}
