import SyscallABI

extension SnapshotReader {
  func readStat(
    _ start: ByteCursor, _ content: ByteCursor, _ origin: LineOrigin,
    into batch: inout TraceBatch
  ) {
    var cursor = start
    guard let pid = pid(&cursor), let moment = Snapshot.Moment(rawValue: word(&cursor)) else {
      return reject(content, origin, into: &batch)
    }
    var stat = ProcessStat()
    for (key, value) in pairs(cursor) {
      guard let field = Self.statFields[key] else { continue }
      guard let number = Self.number(value) else { return reject(content, origin, into: &batch) }
      stat[keyPath: field] = Address(number)
    }
    add(
      Snapshot(
        pid: pid, moment: moment, line: origin.line, source: origin.source, content: .stat(stat)),
      into: &batch)
  }

  static var statFields: [String: WritableKeyPath<ProcessStat, Address>] {
    [
      "start_code": \.startCode, "end_code": \.endCode, "start_data": \.startData,
      "end_data": \.endData, "start_brk": \.startBrk, "start_stack": \.startStack,
      "arg_start": \.argStart, "arg_end": \.argEnd, "env_start": \.envStart, "env_end": \.envEnd,
    ]
  }

  func readLimits(
    _ start: ByteCursor, _ content: ByteCursor, _ origin: LineOrigin,
    into batch: inout TraceBatch
  ) {
    var cursor = start
    guard let pid = pid(&cursor) else { return reject(content, origin, into: &batch) }
    var limits = ProcessLimits()
    for (key, value) in pairs(cursor) {
      guard let number = value == "unlimited" ? .max : Self.number(value) else {
        return reject(content, origin, into: &batch)
      }
      switch key {
      case "STACK": limits.stack = number
      case "AS": limits.addressSpace = number
      case "DATA": limits.data = number
      case "MEMLOCK": limits.memLock = number
      default: break
      }
    }
    add(
      Snapshot(
        pid: pid, moment: nil, line: origin.line, source: origin.source,
        content: .limits(limits)), into: &batch)
  }

  /// `# inflight TID NR ARGS`
  func readInflight(
    _ start: ByteCursor, _ content: ByteCursor, _ origin: LineOrigin,
    into batch: inout TraceBatch
  ) {
    var cursor = start
    guard let thread = pid(&cursor), let number = Self.number(word(&cursor)) else {
      return reject(content, origin, into: &batch)
    }
    var arguments: [UInt64] = []
    while !cursor.isAtEnd {
      guard let argument = Self.number(word(&cursor)) else {
        return reject(content, origin, into: &batch)
      }
      arguments.append(argument)
    }
    let call = InflightCall(
      thread: thread, number: Int64(bitPattern: number), arguments: arguments)
    add(
      Snapshot(
        pid: thread, moment: nil, line: origin.line, source: origin.source,
        content: .inflight(call)), into: &batch)
  }

  /// `# no-exit PID SIGNAL`, `# no-maps PID ERRNO`; numbers or names.
  func readEnd(
    _ start: ByteCursor, _ content: ByteCursor, _ origin: LineOrigin,
    into batch: inout TraceBatch, isSignal: Bool
  ) {
    var cursor = start
    guard let pid = pid(&cursor) else { return reject(content, origin, into: &batch) }
    let symbols = SymbolTable()
    let named = symbols.take(isSignal ? .signal : .errno, from: &cursor)
    guard let value = named ?? cursor.realTimeSignal() ?? cursor.integer() else {
      return reject(content, origin, into: &batch)
    }
    let number = Int32(truncatingIfNeeded: value)
    add(
      Snapshot(
        pid: pid, moment: nil, line: origin.line, source: origin.source,
        content: isSignal ? .noExit(signal: number) : .noMaps(errno: number)), into: &batch)
  }
}
