import AddressSpaces
public import Replay
public import SyscallABI

/// Which touching pairs one kernel's rules keep apart and another's make one.
public struct KernelDifferenceReport {
  /// What there is under the rules of one of the two kernels.
  struct Side {
    var kernel: String
    var mapCount: Int
    var holes: Int
    /// Its pairs that are one VMA under the other's rules.
    var report: ExplainReport
    /// Its pairs where the other has something else mapped.
    var unmatched: Int

    var groups: [ExplainReport.Group] {
      let groups = report.boundaryGroups()
      return groups.needed + groups.missed
    }
  }

  let trace: String
  let sides: [Side]
  let showsPairs: Bool

  /// - Parameters:
  ///   - first: the address space under the rules of `kernels[0]`; `second`: the same one at the
  ///     same moment under those of `kernels[1]`.
  public init(
    trace: String, kernels: [String], first: Explanation, second: Explanation, paths: PathTable,
    grouping: ExplainReport.Grouping, showsPairs: Bool, isPeak: Bool,
    stacks: StackTable? = nil
  ) {
    self.trace = trace
    self.showsPairs = showsPairs
    sides = [(kernels[0], first, second), (kernels[1], second, first)].map { kernel, own, other in
      let difference = Self.difference(own, other)
      var apart = own
      apart.boundaries = difference.apart
      return Side(
        kernel: kernel, mapCount: own.mapCount, holes: own.holes.count,
        report: ExplainReport(
          trace: trace, kernel: kernel, explanation: apart, paths: paths, grouping: grouping,
          isPeak: isPeak, stacks: stacks?.isEmpty == true ? nil : stacks),
        unmatched: difference.unmatched)
    }
  }

  public func append(to out: inout OutputBuffer, format: OutputFormat) {
    if format == .json { appendJSON(&out) } else { appendText(&out) }
  }

  /// The pairs of `own` that are one VMA in `other`.
  private static func difference(
    _ own: Explanation, _ other: Explanation
  ) -> (apart: Explanation.Boundaries, unmatched: Int) {
    let borders = Set(other.boundaries.map { $0.pair.upper.range.start })
    var unmatched = 0
    var run = 0
    let apart = own.boundaries.filter { boundary in
      let address = boundary.pair.upper.range.start
      if borders.contains(address) { return false }
      while run < other.runs.count, other.runs[run].range.end <= address { run += 1 }
      // Inside of what touches, and no border there: one VMA.
      if run < other.runs.count, other.runs[run].range.start < address { return true }
      unmatched += 1
      return false
    }
    return (apart, unmatched)
  }

  // MARK: Text

  private func appendText(_ out: inout OutputBuffer) {
    out.append(line: "\(trace): \(sides[0].report.moment)")
    for side in sides {
      out.append(
        line: "rules of \(side.kernel): \(Figures.count(UInt64(side.mapCount), "VMA")), "
          + "\(Figures.count(UInt64(side.holes), "hole"))")
    }
    for (side, other) in [(sides[0], sides[1]), (sides[1], sides[0])] {
      out.append("\n")
      let count = side.report.explanation.boundaries.count
      out.append(
        line: "two VMAs under \(side.kernel), one under \(other.kernel): "
          + Figures.count(UInt64(count), "pair"))
      if count > 0 { append(side, &out) }
      if side.unmatched > 0 {
        out.append(
          line: "(\(Figures.count(UInt64(side.unmatched), "more pair")) where \(other.kernel) has "
            + "something else mapped)")
      }
      if showsPairs { side.report.appendPairs(&out) }
    }
  }

  private func append(_ side: Side, _ out: inout OutputBuffer) {
    var table = TextTable([
      ("PAIRS", .right), ("CAUSE", .left), ("DIFFERENCE", .left), ("ALSO", .left),
      (side.report.groupTitle, .left), ("LINES", .left), ("THREADS", .left),
    ])
    for group in side.groups.prefix(30) {
      guard let cause = group.cause else { continue }
      let also = group.differences.labels.filter { $0 != "\(cause.label)" }
      table.add([
        Figures.grouped(group.count), "\(cause.label)", group.what, also.joined(separator: ","),
        group.setBy, group.span.linesText, group.span.threadsText,
      ])
    }
    table.append(to: &out)
    let rest = side.groups.dropFirst(30).reduce(0) { $0 + $1.count }
    if rest > 0 { out.append(line: "(\(Figures.grouped(rest)) more)") }
  }

  // MARK: JSON

  private func appendJSON(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    let explanation = sides[0].report.explanation
    let pid = explanation.process.pid
    json.beginObject(&out)
    json.member("schema", 1, &out)
    json.member("trace", trace, &out)
    json.member("pid", pid == .none ? nil : UInt64(UInt32(bitPattern: pid.rawValue)), &out)
    json.member("comm", sides[0].report.command, &out)
    json.member("line", explanation.position?.line, &out)
    json.key("kernels", &out)
    json.beginArray(&out)
    for side in sides {
      json.beginObject(&out)
      json.member("kernel", side.kernel, &out)
      json.member("map_count", UInt64(side.mapCount), &out)
      json.member("holes", UInt64(side.holes), &out)
      json.member("apart_only_here", UInt64(side.report.explanation.boundaries.count), &out)
      json.member("unmatched", UInt64(side.unmatched), &out)
      var causes = BoundaryCounts()
      for boundary in side.report.explanation.boundaries { causes.add(boundary.pair) }
      json.key("causes", &out)
      json.beginObject(&out)
      for (name, count) in causes.namedBoundaries { json.member(name, count, &out) }
      json.endObject(&out)
      json.key("groups", &out)
      json.beginArray(&out)
      for group in side.groups { side.report.append(group, &json, &out) }
      json.endArray(&out)
      if showsPairs { side.report.appendPairs(&json, &out) }
      json.endObject(&out)
    }
    json.endArray(&out)
    json.endObject(&out)
    out.append("\n")
  }
}
