public import SyscallABI

/// How many events of each kind a trace has: a quick look at its health.
public struct EventCounts {
  private var calls = [UInt64](repeating: 0, count: SyscallName.allCases.count)
  private var failed: UInt64 = 0
  private var unfinished: UInt64 = 0
  private var ends: UInt64 = 0
  private var snapshots: UInt64 = 0
  private var malformed: UInt64 = 0

  public init() {}

  public mutating func add(_ batch: TraceBatch) {
    for item in batch.items {
      switch item {
      case .completed(let event):
        calls[Int(event.name.rawValue)] += 1
        if event.result.outcome == .failed { failed += 1 }
        if event.result.outcome == .unfinished { unfinished += 1 }
      case .processEnded: ends += 1
      case .snapshot: snapshots += 1
      case .malformed: malformed += 1
      case .began, .descriptor, .host: break
      }
    }
  }

  /// Appends one line a count; kinds that do not occur are left out.
  public func append(to out: inout OutputBuffer, lines: UInt64) {
    var table = TextTable([("COUNT", .right), ("OF", .left)])
    table.add([Figures.grouped(lines), "lines"])
    table.add([Figures.grouped(calls.reduce(0, +)), "calls"])
    for name in SyscallName.allCases where calls[Int(name.rawValue)] > 0 {
      table.add([Figures.grouped(calls[Int(name.rawValue)]), "\(name.text)"])
    }
    let rest: [(UInt64, String)] = [
      (failed, "failed calls"), (unfinished, "unfinished calls"), (ends, "ends of processes"),
      (snapshots, "snapshot parts"), (malformed, "malformed lines"),
    ]
    for (count, name) in rest where count > 0 { table.add([Figures.grouped(count), name]) }
    table.append(to: &out)
  }
}
