import SyscallABI

/// Reads the lines that start with `#`: what a recorder adds to a log.
///
/// Comments that are none of these are passed over.
struct SnapshotReader {
  private let paths: PathTable
  private var open: (snapshot: Snapshot, maps: MapsParser, isBroken: Bool)?

  init(paths: PathTable) { self.paths = paths }

  /// The lines of a map are being read.
  var isOpen: Bool { open != nil }

  mutating func read(_ line: ByteCursor, _ origin: LineOrigin, into batch: inout TraceBatch) {
    var cursor = line
    cursor.advance()
    _ = cursor.take(UInt8(ascii: " "))
    if isOpen {
      if !cursor.starts(with: "maps ") { return readMapLine(cursor, origin, into: &batch) }
      breakOff(origin, into: &batch)
    }
    let content = cursor
    let keyword = word(&cursor)
    switch keyword {
    case "maps": beginMaps(cursor, content, origin, into: &batch)
    case "stat": readStat(cursor, content, origin, into: &batch)
    case "limits": readLimits(cursor, content, origin, into: &batch)
    case "inflight": readInflight(cursor, content, origin, into: &batch)
    case "no-exit": readEnd(cursor, content, origin, into: &batch, isSignal: true)
    case "no-maps": readEnd(cursor, content, origin, into: &batch, isSignal: false)
    case "host": readHost(cursor, origin, into: &batch)
    default: break
    }
  }

  /// Reports a map without `# end`, and drops it.
  mutating func breakOff(_ origin: LineOrigin, into batch: inout TraceBatch) {
    guard let snapshot = open?.snapshot else { return }
    open = nil
    var begin = origin
    begin.line = snapshot.line
    report("a `# maps` snapshot without `# end`", begin, into: &batch)
  }

  /// To be called at the end of the log.
  mutating func finish(into batch: inout TraceBatch) {
    guard let snapshot = open?.snapshot else { return }
    breakOff(LineOrigin(line: snapshot.line, source: snapshot.source), into: &batch)
  }

  private func report(_ message: String, _ origin: LineOrigin, into batch: inout TraceBatch) {
    batch.items.append(.malformed(batch.malformed.count))
    batch.malformed.append(
      MalformedLine(line: origin.line, source: origin.source, message: message))
  }

  private func reject(_ content: ByteCursor, _ origin: LineOrigin, into batch: inout TraceBatch) {
    report("not a snapshot line: '\(content.rest.prefix(60).text)'", origin, into: &batch)
  }

  private func add(_ snapshot: Snapshot, into batch: inout TraceBatch) {
    batch.items.append(.snapshot(batch.snapshots.count))
    batch.snapshots.append(snapshot)
  }

  private mutating func readMapLine(
    _ cursor: ByteCursor, _ origin: LineOrigin, into batch: inout TraceBatch
  ) {
    if cursor.starts(with: "end") && cursor.count == 3 {
      guard let (begun, maps, isBroken) = open else { return }
      var snapshot = begun
      open = nil
      if isBroken { return }
      snapshot.content = .maps(maps.entries)
      add(snapshot, into: &batch)
    } else if open?.maps.read(cursor) == false, open?.isBroken == false {
      open?.isBroken = true
      reject(cursor, origin, into: &batch)
    }
  }

  private mutating func beginMaps(
    _ start: ByteCursor, _ content: ByteCursor, _ origin: LineOrigin,
    into batch: inout TraceBatch
  ) {
    var cursor = start
    guard let pid = pid(&cursor), let moment = Snapshot.Moment(rawValue: word(&cursor)) else {
      return reject(content, origin, into: &batch)
    }
    let snapshot = Snapshot(
      pid: pid, moment: moment, line: origin.line, source: origin.source, content: .maps([]))
    open = (snapshot, MapsParser(paths: paths), false)
  }

  private func readStat(
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

  private static var statFields: [String: WritableKeyPath<ProcessStat, Address>] {
    [
      "start_code": \.startCode, "end_code": \.endCode, "start_data": \.startData,
      "end_data": \.endData, "start_brk": \.startBrk, "start_stack": \.startStack,
      "arg_start": \.argStart, "arg_end": \.argEnd, "env_start": \.envStart, "env_end": \.envEnd,
    ]
  }

  private func readLimits(
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
  private func readInflight(
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
  private func readEnd(
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

  private func readHost(
    _ start: ByteCursor, _ origin: LineOrigin, into batch: inout TraceBatch
  ) {
    batch.items.append(.host(batch.hosts.count))
    batch.hosts.append(HostDescription(values: pairs(start), line: origin.line))
  }
}

extension SnapshotReader {
  /// The text up to the next blank, which is passed over.
  private func word(_ cursor: inout ByteCursor) -> String {
    cursor.skipBlanks()
    let start = cursor
    while cursor.byte != UInt8(ascii: " ") && !cursor.isAtEnd { cursor.advance() }
    let text = start.slice(to: cursor).text
    cursor.skipBlanks()
    return text
  }

  private func pid(_ cursor: inout ByteCursor) -> PID? {
    guard let number = Self.number(word(&cursor)), number < 1 << 31 else { return nil }
    return PID(Int32(number))
  }

  private static func number(_ text: String) -> UInt64? {
    if text.hasPrefix("0x") { return UInt64(text.dropFirst(2), radix: 16) }
    return UInt64(text) ?? Int64(text).map { UInt64(bitPattern: $0) }
  }

  /// `key=value` pairs; a value in quotes may have blanks, and `command=` takes the whole rest.
  private func pairs(_ start: ByteCursor) -> [(key: String, value: String)] {
    var cursor = start
    var pairs: [(key: String, value: String)] = []
    cursor.skipBlanks()
    while !cursor.isAtEnd {
      let begin = cursor
      while cursor.byte != UInt8(ascii: "=") && cursor.byte != UInt8(ascii: " ")
        && !cursor.isAtEnd
      {
        cursor.advance()
      }
      let key = begin.slice(to: cursor).text
      guard cursor.take(UInt8(ascii: "=")) else {
        cursor.skipBlanks()
        continue
      }
      pairs.append((key, value(&cursor)))
      cursor.skipBlanks()
    }
    return pairs
  }

  private func value(_ cursor: inout ByteCursor) -> String {
    guard cursor.byte == UInt8(ascii: "\"") else { return word(&cursor) }
    var start = cursor
    guard cursor.skipString() else { return word(&cursor) }
    let length = cursor.distance(from: start) - 2
    start.advance()
    var bytes: [UInt8] = []
    Escapes.undo(start.rest.prefix(length), into: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }
}
