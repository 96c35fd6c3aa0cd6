import SyscallABI

/// Reads the lines that start with `#`: what a recorder adds to a log.
///
/// Comments that are none of these are passed over.
struct SnapshotReader {
  private let paths: PathTable
  private var open: (snapshot: Snapshot, maps: MapsParser, isBroken: Bool)? {
    didSet { isOpen = open != nil }
  }

  init(paths: PathTable) { self.paths = paths }

  /// The lines of a map are being read. Stored, since every line of the log asks.
  private(set) var isOpen = false

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

  func reject(_ content: ByteCursor, _ origin: LineOrigin, into batch: inout TraceBatch) {
    report("not a snapshot line: '\(content.rest.prefix(60).text)'", origin, into: &batch)
  }

  func add(_ snapshot: Snapshot, into batch: inout TraceBatch) {
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

  private func readHost(
    _ start: ByteCursor, _ origin: LineOrigin, into batch: inout TraceBatch
  ) {
    batch.items.append(.host(batch.hosts.count))
    batch.hosts.append(HostDescription(values: pairs(start), line: origin.line))
  }
}
