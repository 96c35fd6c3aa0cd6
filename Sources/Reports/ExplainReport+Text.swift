import AddressSpaces
import Replay
import SyscallABI

extension ExplainReport {
  /// How many groups a table lists.
  private static let groupLimit = 30

  func appendText(_ out: inout OutputBuffer) {
    appendHead(&out)
    let groups = boundaryGroups()
    appendBoundaries("needed", groups.needed, &out)
    appendBoundaries("missed merges", groups.missed, &out)
    appendAlone(&out)
    appendHoles(&out)
    appendRuns(&out)
    if showsPairs { appendPairs(&out) }
  }

  private func appendHead(_ out: inout OutputBuffer) {
    let holes = UInt64(explanation.holes.count)
    let touching = UInt64(explanation.boundaries.count)
    out.append(line: "\(trace): \(moment), rules of \(kernel)")
    out.append(
      line: "\(Figures.count(UInt64(explanation.mapCount), "VMA")) = 1 "
        + "+ \(Figures.count(holes, "hole")) + \(Figures.grouped(touching)) "
        + "\(touching == 1 ? "boundary" : "boundaries")")
    let missed = explanation.counts.missedMerges
    out.append(
      line: "of the boundaries, \(Figures.grouped(explanation.counts.total - missed)) are needed "
        + "and \(Figures.grouped(missed)) are missed merges: "
        + "\(Figures.grouped(explanation.mapCount - missed)) VMAs would do")
  }

  /// `pid 7 (bash) at its peak, after line 12`.
  var moment: String {
    let process = explanation.process
    let pid = process.pid == .none ? "the process" : "pid \(process.pid.rawValue)"
    let name = command.map { " (\($0))" } ?? ""
    guard let position = explanation.position else { return "\(pid)\(name) at the end" }
    let peak = isPeak ? "at its peak, " : ""
    return "\(pid)\(name) \(peak)after line \(Figures.grouped(position.line))"
  }

  /// What stands above the column that says who made a boundary so.
  var groupTitle: String {
    grouping == .call ? "SET BY" : "BY \(grouping.rawValue.uppercased())"
  }

  private func appendBoundaries(_ title: String, _ groups: [Group], _ out: inout OutputBuffer) {
    guard !groups.isEmpty else { return }
    out.append("\n")
    var table = TextTable([
      (title.uppercased(), .right), ("CAUSE", .left), ("DIFFERENCE", .left), ("ALSO", .left),
      (groupTitle, .left),
      ("LINES", .left), ("THREADS", .left),
    ])
    for group in groups.prefix(Self.groupLimit) {
      guard let cause = group.cause else { continue }
      let also = group.differences.labels.filter { $0 != "\(cause.label)" }
      var what = group.what
      if group.assumed > 0 {
        what += group.assumed == group.count ? " (maybe)" : " (\(group.assumed) maybe)"
      }
      table.add([
        Figures.grouped(group.count), "\(cause.label)", what, also.joined(separator: ","),
        group.setBy, group.span.linesText, group.span.threadsText,
      ])
    }
    table.append(to: &out)
    appendOmitted(groups.dropFirst(Self.groupLimit), &out)
  }

  private func appendOmitted(_ groups: ArraySlice<Group>, _ out: inout OutputBuffer) {
    guard !groups.isEmpty else { return }
    let count = groups.reduce(0) { $0 + $1.count }
    out.append(
      line: "(\(Figures.grouped(count)) more in \(Figures.count(UInt64(groups.count), "group")))")
  }

  private func appendAlone(_ out: inout OutputBuffer) {
    let causes = VMABoundary.Cause.allCases.filter {
      !$0.isNeeded && explanation.counts.alone($0) > 0
    }
    guard !causes.isEmpty else { return }
    let savings = causes.map { "\($0.label) \(Figures.grouped(explanation.counts.alone($0)))" }
    out.append("\n")
    out.append(line: "VMAs saved by mending one cause alone: \(savings.joined(separator: ", "))")
  }

  private func appendHoles(_ out: inout OutputBuffer) {
    guard !explanation.holes.isEmpty else { return }
    out.append("\n")
    var table = TextTable([
      ("HOLES", .right), ("BYTES", .right), ("MADE BY", .left),
      (grouping == .call ? "CALL" : "BY \(grouping.rawValue.uppercased())", .left),
      ("LINES", .left), ("THREADS", .left),
    ])
    let groups = holeGroups()
    for group in groups.prefix(Self.groupLimit) {
      table.add([
        Figures.grouped(group.count), Figures.size(bytes: group.bytes), group.what, group.setBy,
        group.span.linesText, group.span.threadsText,
      ])
    }
    table.append(to: &out)
    appendOmitted(groups.dropFirst(Self.groupLimit), &out)
  }

  private func appendRuns(_ out: inout OutputBuffer) {
    out.append("\n")
    var table = TextTable([
      ("VMAS", .right), ("MISSED", .right), ("BYTES", .right), ("RUN", .left),
      ("LARGEST VMA", .left),
    ])
    for run in largestRuns() {
      table.add([
        Figures.grouped(run.vmaCount), Figures.grouped(run.missedMerges),
        Figures.size(bytes: run.range.length), "\(run.range)", name(run.name),
      ])
    }
    table.append(to: &out)
  }

  func name(_ name: MapImage.Name) -> String {
    switch name {
    case .none: "anonymous"
    case .heap: "[heap]"
    case .stack: "[stack]"
    case .file(let id): text.name(id)
    }
  }

  // MARK: Pairs

  func appendPairs(_ out: inout OutputBuffer) {
    for boundary in explanation.boundaries {
      let pair = boundary.pair
      let causes = pair.differences.isEmpty ? ["\(pair.cause.label)"] : pair.differences.labels
      out.append("\n")
      out.append(
        line: "\(String(pair.upper.range.start.rawValue, radix: 16))  "
          + "\(pair.cause.isNeeded ? "needed" : "missed"): \(causes.joined(separator: ", "))"
          + "\(boundary.isAssumed ? " (maybe)" : "")")
      appendSide(boundary, isLower: true, &out)
      appendSide(boundary, isLower: false, &out)
      if let since = boundary.equalSince {
        out.append(line: "  no merge tried since \(CallText.place(since))")
      }
    }
  }

  private func appendSide(
    _ boundary: Explanation.Boundary, isLower: Bool, _ out: inout OutputBuffer
  ) {
    let vma = isLower ? boundary.pair.lower : boundary.pair.upper
    let setter = isLower ? boundary.lowerSetter : boundary.upperSetter
    out.append(
      line: "  \(vma.range) \(BoundaryText.access(vma.flags)) \(text.name(of: vma)): "
        + "\(text.value(of: boundary.pair, isLower: isLower)), \(CallText.place(setter))"
        + siteSuffix(setter))
  }
}
