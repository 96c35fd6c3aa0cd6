import SyscallABI
import SystemPackage

extension EventReport {
  func appendJSON(
    _ event: SyscallEvent, _ batch: TraceBatch, _ out: inout OutputBuffer
  ) {
    var json = JSONWriter(indented: false)
    json.beginObject(&out)
    json.key("syscall", &out)
    json.string("\(event.name.text)", &out)
    appendPosition(line: event.line, source: event.source, pid: event.pid, &json, &out)
    if event.time != .none {
      json.key("time", &out)
      json.seconds(nanoseconds: event.time.nanoseconds, &out)
    }
    if event.duration != .none {
      json.key("duration", &out)
      json.seconds(nanoseconds: event.duration.nanoseconds, &out)
    }
    fields.forEachArgument(of: event, in: batch) { key, value in
      json.key("\(key)", &out)
      Self.append(value, &json, &out)
    }
    json.key("ret", &out)
    Self.append(fields.result(of: event), &json, &out)
    if event.result.errno != 0 {
      json.key("errno", &out)
      json.string(Errno.name(of: event.result.errno), &out)
    }
    if event.result.isInjected {
      json.key("injected", &out)
      json.bool(true, &out)
    }
    if event.result.outcome == .unfinished {
      json.key("unfinished", &out)
      json.bool(true, &out)
    }
    json.endObject(&out)
    out.append("\n")
  }

  func appendJSON(_ end: ProcessEnd, _ out: inout OutputBuffer) {
    var json = JSONWriter(indented: false)
    json.beginObject(&out)
    json.key("event", &out)
    switch end.cause {
    case .exited: json.string("exited", &out)
    case .killed: json.string("killed", &out)
    case .superseded: json.string("superseded", &out)
    }
    appendPosition(line: end.line, source: end.source, pid: end.pid, &json, &out)
    if end.time != .none {
      json.key("time", &out)
      json.seconds(nanoseconds: end.time.nanoseconds, &out)
    }
    switch end.cause {
    case .exited(let status):
      json.key("status", &out)
      json.number(Int64(status), &out)
    case .killed(let signal, let core):
      json.key("signal", &out)
      json.string(SignalName.name(of: signal) ?? "\(signal)", &out)
      json.key("core", &out)
      json.bool(core, &out)
    case .superseded(let by):
      json.key("by", &out)
      json.number(Int64(by.rawValue), &out)
    }
    json.endObject(&out)
    out.append("\n")
  }

  func appendJSON(_ malformed: MalformedLine, _ out: inout OutputBuffer) {
    var json = JSONWriter(indented: false)
    json.beginObject(&out)
    json.key("event", &out)
    json.string("error", &out)
    appendPosition(line: malformed.line, source: malformed.source, pid: nil, &json, &out)
    json.key("message", &out)
    json.string(malformed.message, &out)
    json.endObject(&out)
    out.append("\n")
  }

  func appendPosition(
    line: UInt64, source: UInt32, pid: PID?, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    if !sources.isEmpty {
      json.key("file", &out)
      json.string(sources[Int(source)], &out)
    }
    json.key("line", &out)
    json.number(line, &out)
    guard let pid else { return }
    json.key("pid", &out)
    if pid == .none { json.null(&out) } else { json.number(Int64(pid.rawValue), &out) }
  }

  static func append(
    _ value: EventFieldValue, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    switch value {
    case .null: json.null(&out)
    case .address(let value): json.address(value, &out)
    case .unsigned(let value): json.number(value, &out)
    case .signed(let value): json.number(value, &out)
    case .string(let text): json.string(text, &out)
    case .bytes(let bytes): json.string(bytes: bytes, &out)
    case .flag(let value): json.bool(value, &out)
    case .words(let words):
      json.beginArray(&out)
      for word in words { json.string(word, &out) }
      json.endArray(&out)
    case .iovecs(let iovecs):
      json.beginArray(&out)
      for iovec in iovecs {
        json.beginObject(&out)
        json.key("iov_base", &out)
        json.address(iovec.base.rawValue, &out)
        json.key("iov_len", &out)
        json.number(iovec.length, &out)
        json.endObject(&out)
      }
      json.endArray(&out)
    case .limit(let soft, let hard):
      json.beginObject(&out)
      json.key("rlim_cur", &out)
      json.number(soft, &out)
      json.key("rlim_max", &out)
      json.number(hard, &out)
      json.endObject(&out)
    }
  }
}
