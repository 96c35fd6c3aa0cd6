import AddressSpaces
import Replay
import SyscallABI
import SystemPackage

extension CallPathReport {
  func appendJSON(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.member("schema", UInt64(1), &out)
    json.member("trace", trace, &out)
    json.member("kernel", kernel, &out)
    json.member("line", call.event.line, &out)
    json.key("pid", &out)
    if call.event.pid == .none {
      json.null(&out)
    } else {
      json.number(Int(call.event.pid.rawValue), &out)
    }
    json.member("call", callText, &out)
    json.member("entry", text.entry, &out)
    json.key("path", &out)
    json.beginArray(&out)
    for step in call.path.steps { append(step, &json, &out) }
    json.endArray(&out)
    json.key("remarks", &out)
    json.beginArray(&out)
    for remark in remarks { json.string(remark, &out) }
    json.endArray(&out)
    json.key("drawing", &out)
    json.beginArray(&out)
    for line in drawing.lines { json.string(line, &out) }
    json.endArray(&out)
    append("before", drawing.before, &json, &out)
    append("after", drawing.after, &json, &out)
    json.endObject(&out)
    out.append("\n")
  }

  private func append(
    _ key: String, _ rows: [CallDrawing.Row], _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.key(key, &out)
    json.beginArray(&out)
    let maps = MapsReport(paths: paths)
    for row in rows {
      json.beginObject(&out)
      json.member("letter", String(row.letter), &out)
      append(row.area.vma.range, &json, &out)
      var line = OutputBuffer()
      maps.append(row.area.line, to: &line)
      json.member("maps", String(decoding: line.bytes.dropLast(), as: UTF8.self), &out)
      json.endObject(&out)
    }
    json.endArray(&out)
  }

  private func append(
    _ range: AddressRange, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.key("start", &out)
    json.address(range.start.rawValue, &out)
    json.key("end", &out)
    json.address(range.end.rawValue, &out)
  }

  private func append(
    _ step: CallPath.Step, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.beginObject(&out)
    json.member("depth", UInt64(step.depth + 1), &out)
    switch step.event {
    case .function(let function, let range):
      json.member("function", text.name(function), &out)
      if let range { append(range, &json, &out) }
    case .check(_, let passed):
      json.member("check", text.text(step.event), &out)
      json.member("passed", passed, &out)
    case .merged(let mergeCase): json.member("case", UInt64(mergeCase.rawValue), &out)
    case .refused(let reason, let wanted, let present):
      json.member("refused", "\(reason.label)", &out)
      json.member(
        "wanted", text.value(reason, wanted, other: present, isWanted: true), &out)
      json.member(
        "present", text.value(reason, present, other: wanted, isWanted: false), &out)
    case .failed(let errno): json.member("errno", Errno.name(of: errno.rawValue), &out)
    case .linked(let vma): append("linked", vma.range, &json, &out)
    case .removed(let vma): append("removed", vma.range, &json, &out)
    case .resized(let vma, let old):
      append("resized", vma.range, &json, &out)
      json.key("old_start", &out)
      json.address(old.start.rawValue, &out)
      json.key("old_end", &out)
      json.address(old.end.rawValue, &out)
    default: json.member("finding", text.text(step.event), &out)
    }
    json.endObject(&out)
  }

  private func append(
    _ finding: String, _ range: AddressRange, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.member("finding", finding, &out)
    append(range, &json, &out)
  }
}
