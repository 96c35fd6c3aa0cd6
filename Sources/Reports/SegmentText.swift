public import Replay
public import SyscallABI

/// The segments of the processes of a replay at their ends.
public struct SegmentView: Sendable {
  public var processes: [(pid: PID, counts: SegmentCounts)]
  public var total: SegmentCounts

  public init(processes: [(pid: PID, counts: SegmentCounts)], total: SegmentCounts) {
    self.processes = processes
    self.total = total
  }

  mutating func add(_ other: SegmentView) {
    processes += other.processes
    total.add(other.total)
  }

  mutating func keepOnly(_ pid: PID) {
    processes = processes.filter { $0.pid == pid }
    total = SegmentCounts()
    for process in processes { total.add(process.counts) }
  }

  func appendText(_ out: inout OutputBuffer) {
    var table = TextTable([("SEGMENT", .left), ("VMAS", .right), ("SIZE", .right)])
    for segment in Segment.allCases where total[segment].vmas > 0 {
      let count = total[segment]
      table.add([
        segment.rawValue, Figures.grouped(count.vmas), Figures.size(bytes: count.bytes),
      ])
    }
    out.append("\n")
    table.append(to: &out)
  }

  func append(_ json: inout JSONWriter, _ out: inout OutputBuffer) {
    json.key("segments", &out)
    json.beginObject(&out)
    json.key("total", &out)
    Self.append(total, &json, &out)
    json.key("processes", &out)
    json.beginArray(&out)
    for process in processes {
      json.beginObject(&out)
      json.key("pid", &out)
      if process.pid == .none {
        json.null(&out)
      } else {
        json.number(Int(process.pid.rawValue), &out)
      }
      json.key("segments", &out)
      Self.append(process.counts, &json, &out)
      json.endObject(&out)
    }
    json.endArray(&out)
    json.endObject(&out)
  }

  private static func append(
    _ counts: SegmentCounts, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.beginObject(&out)
    for segment in Segment.allCases where counts[segment].vmas > 0 {
      json.key(segment.key, &out)
      json.beginObject(&out)
      json.member("vmas", counts[segment].vmas, &out)
      json.member("bytes", counts[segment].bytes, &out)
      json.endObject(&out)
    }
    json.endObject(&out)
  }
}
