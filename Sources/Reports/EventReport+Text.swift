import SyscallABI
import SystemPackage

extension EventReport {
  func appendText(
    _ event: SyscallEvent, _ batch: TraceBatch, _ out: inout OutputBuffer
  ) {
    appendLinePrefix(line: event.line, source: event.source, pid: event.pid, &out)
    out.append(callText(event, batch))
    out.append(" = \(resultText(event))\n")
  }

  func appendText(_ end: ProcessEnd, _ out: inout OutputBuffer) {
    appendLinePrefix(line: end.line, source: end.source, pid: end.pid, &out)
    switch end.cause {
    case .exited(let status): out.append("exited with \(status)\n")
    case .killed(let signal, let core):
      let name = SignalName.name(of: signal) ?? "signal \(signal)"
      out.append("killed by \(name)\(core ? " (core dumped)" : "")\n")
    case .superseded(let by): out.append("superseded by execve in pid \(by.rawValue)\n")
    }
  }

  func appendLinePrefix(
    line: UInt64, source: UInt32, pid: PID, _ out: inout OutputBuffer
  ) {
    if !sources.isEmpty { out.append("\(sources[Int(source)]):") }
    out.append("\(line): ")
    if pid != .none { out.append("[\(pid.rawValue)] ") }
  }

  func appendCSV(
    _ event: SyscallEvent, _ batch: TraceBatch, _ out: inout OutputBuffer
  ) {
    let time = event.time == .none ? "" : Self.seconds(event.time.nanoseconds)
    let duration = event.duration == .none ? "" : Self.seconds(event.duration.nanoseconds)
    let pid = event.pid == .none ? "" : "\(event.pid.rawValue)"
    let call = callText(event, batch)
    let arguments = call.dropFirst("\(event.name.text)".count + 1).dropLast()
    let quoted = arguments.replacing("\"", with: "\"\"")
    let errno = event.result.errno == 0 ? "" : Errno.name(of: event.result.errno)
    let returned = Self.text(of: fields.result(of: event))
    out.append(
      "\(event.line),\(pid),\(time),\(duration),\(event.name.text),"
        + "\"\(quoted)\",\(returned),\(errno)\n")
  }

  func callText(_ event: SyscallEvent, _ batch: TraceBatch) -> String {
    var arguments: [String] = []
    fields.forEachArgument(of: event, in: batch) { key, value in
      switch ("\(key)", value) {
      case ("path", .null), ("deleted", .flag(false)): break
      case (let key, let value): arguments.append("\(key)=\(Self.text(of: value))")
      }
    }
    return "\(event.name.text)(\(arguments.joined(separator: ", ")))"
  }

  func resultText(_ event: SyscallEvent) -> String {
    let injected = event.result.isInjected ? " (injected)" : ""
    switch event.result.outcome {
    case .failed: return "-1 \(Errno.name(of: event.result.errno))\(injected)"
    case .unfinished: return "? (unfinished)"
    case .unknown: return "?\(injected)"
    case .returned: return Self.text(of: fields.result(of: event)) + injected
    }
  }

  static func seconds(_ nanoseconds: Int64) -> String {
    let fraction = String(nanoseconds.magnitude % 1_000_000_000)
    let zeros = String(repeating: "0", count: 9 - fraction.utf8.count)
    let sign = nanoseconds < 0 ? "-" : ""
    return "\(sign)\(nanoseconds.magnitude / 1_000_000_000).\(zeros)\(fraction)"
  }

  static func text(of value: EventFieldValue) -> String {
    switch value {
    case .null: "NULL"
    case .address(let value): "0x" + String(value, radix: 16)
    case .unsigned(let value): String(value)
    case .signed(let value): String(value)
    case .string(let text): text
    case .bytes(let bytes): "\"\(String(decoding: bytes, as: UTF8.self))\""
    case .flag(let value): String(value)
    case .words(let words): words.isEmpty ? "0" : words.joined(separator: "|")
    case .iovecs(let iovecs):
      "[" + iovecs.map { "{\($0.base), \($0.length)}" }.joined(separator: ", ") + "]"
    case .limit(let soft, let hard): "{\(soft), \(hard)}"
    }
  }
}
