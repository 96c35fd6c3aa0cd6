import AddressSpaces
import Replay
import SyscallABI

extension ExplainReport {
  func appendJSON(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.member("schema", 1, &out)
    json.member("trace", trace, &out)
    json.member("kernel", kernel, &out)
    let pid = explanation.process.pid
    json.member("pid", pid == .none ? nil : UInt64(UInt32(bitPattern: pid.rawValue)), &out)
    json.member("comm", command, &out)
    json.member("line", explanation.position?.line, &out)
    json.member("is_peak", isPeak, &out)
    json.member("map_count", UInt64(explanation.mapCount), &out)
    json.member("runs", UInt64(explanation.runs.count), &out)
    json.member("holes", UInt64(explanation.holes.count), &out)
    let counts = explanation.counts
    appendCounts("boundaries", counts.namedBoundaries, &json, &out)
    appendCounts("missed_merges", counts.namedMissedMerges, &json, &out)
    let alone = VMABoundary.Cause.allCases.map { ("\($0.label)", UInt64(counts.alone($0))) }
    appendCounts("alone", alone.filter { $0.1 > 0 }, &json, &out)
    json.member("group_by", grouping.rawValue, &out)
    json.key("boundary_groups", &out)
    json.beginArray(&out)
    let groups = boundaryGroups()
    for group in groups.needed + groups.missed { append(group, &json, &out) }
    json.endArray(&out)
    json.key("hole_groups", &out)
    json.beginArray(&out)
    for group in holeGroups() { append(group, &json, &out) }
    json.endArray(&out)
    appendRuns(&json, &out)
    if showsPairs { appendPairs(&json, &out) }
    json.endObject(&out)
    out.append("\n")
  }

  private func appendCounts(
    _ key: String, _ counts: [(name: String, count: UInt64)], _ json: inout JSONWriter,
    _ out: inout OutputBuffer
  ) {
    json.key(key, &out)
    json.beginObject(&out)
    for (name, count) in counts { json.member(name, count, &out) }
    json.endObject(&out)
  }

  func append(_ group: Group, _ json: inout JSONWriter, _ out: inout OutputBuffer) {
    json.beginObject(&out)
    json.member("count", UInt64(group.count), &out)
    if let cause = group.cause {
      json.member("cause", "\(cause.label)", &out)
      json.member("needed", cause.isNeeded, &out)
      appendLabels(group.differences, &json, &out)
      json.member("difference", group.what, &out)
      json.member("maybe", UInt64(group.assumed), &out)
    } else {
      json.member("made_by", group.what, &out)
      json.member("bytes", group.bytes, &out)
    }
    json.member(grouping == .call ? "call" : grouping.rawValue, group.setBy, &out)
    json.member("first_line", group.span.lines?.lowerBound, &out)
    json.member("last_line", group.span.lines?.upperBound, &out)
    json.member("first_tid", group.span.threads.map { UInt64($0.lowerBound) }, &out)
    json.member("last_tid", group.span.threads.map { UInt64($0.upperBound) }, &out)
    json.endObject(&out)
  }

  private func appendLabels(
    _ causes: VMABoundary.Causes, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.key("differences", &out)
    json.beginArray(&out)
    for label in causes.labels { json.string(label, &out) }
    json.endArray(&out)
  }

  private func appendRuns(_ json: inout JSONWriter, _ out: inout OutputBuffer) {
    json.key("largest_runs", &out)
    json.beginArray(&out)
    for run in largestRuns() {
      json.beginObject(&out)
      appendRange(run.range, &json, &out)
      json.member("vmas", UInt64(run.vmaCount), &out)
      json.member("missed_merges", UInt64(run.missedMerges), &out)
      json.member("name", name(run.name), &out)
      json.endObject(&out)
    }
    json.endArray(&out)
  }

  func appendPairs(_ json: inout JSONWriter, _ out: inout OutputBuffer) {
    json.key("pairs", &out)
    json.beginArray(&out)
    for boundary in explanation.boundaries {
      json.beginObject(&out)
      json.key("addr", &out)
      json.address(boundary.pair.upper.range.start.rawValue, &out)
      json.member("cause", "\(boundary.pair.cause.label)", &out)
      json.member("needed", boundary.pair.cause.isNeeded, &out)
      appendLabels(boundary.pair.differences, &json, &out)
      json.member("difference", text.difference(boundary), &out)
      json.member("maybe", boundary.isAssumed, &out)
      append("lower", boundary, isLower: true, &json, &out)
      append("upper", boundary, isLower: false, &json, &out)
      json.member("equal_since_line", boundary.equalSince?.line, &out)
      json.endObject(&out)
    }
    json.endArray(&out)
  }

  private func append(
    _ key: String, _ boundary: Explanation.Boundary, isLower: Bool, _ json: inout JSONWriter,
    _ out: inout OutputBuffer
  ) {
    let vma = isLower ? boundary.pair.lower : boundary.pair.upper
    let setter = isLower ? boundary.lowerSetter : boundary.upperSetter
    json.key(key, &out)
    json.beginObject(&out)
    appendRange(vma.range, &json, &out)
    json.member("prot", BoundaryText.access(vma.flags), &out)
    json.member("name", text.name(of: vma), &out)
    json.member("value", text.value(of: boundary.pair, isLower: isLower), &out)
    json.member("set_by", CallText.describe(setter), &out)
    json.member("line", setter?.line, &out)
    if let stacks {
      json.key("stack", &out)
      json.beginArray(&out)
      for frame in setter.map({ stacks[$0.stack] }) ?? [] { json.string(frame, &out) }
      json.endArray(&out)
    }
    json.member("tid", setter.flatMap { UInt64(exactly: $0.pid.rawValue) }, &out)
    json.endObject(&out)
  }

  private func appendRange(
    _ range: AddressRange, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.key("start", &out)
    json.address(range.start.rawValue, &out)
    json.key("end", &out)
    json.address(range.end.rawValue, &out)
  }
}
