public import Replay
public import SyscallABI

/// Two maps of one process, and the lines that only one of them has.
public struct DiffReport {
  /// A line of one map.
  private enum Change {
    case removed(MapImage.Line)
    case added(MapImage.Line)
  }

  private let trace: String
  private let from: UInt64
  private let to: UInt64
  private let before: MapImage?
  private let after: MapImage?
  private let comparesFlags: Bool
  private let maps: MapsReport
  private let changes: [Change]

  /// - Parameters:
  ///   - before: nil if the process was not there yet.
  ///   - comparesFlags: flags that maps does not show count too.
  public init(
    trace: String, from: UInt64, to: UInt64, before: MapImage?, after: MapImage?,
    paths: PathTable, comparesFlags: Bool
  ) {
    self.trace = trace
    self.from = from
    self.to = to
    self.before = before
    self.after = after
    self.comparesFlags = comparesFlags
    maps = MapsReport(paths: paths, showsFlags: comparesFlags)
    changes = Self.changes(before?.lines ?? [], after?.lines ?? [], comparesFlags)
  }

  public func append(to out: inout OutputBuffer, format: OutputFormat) {
    if format == .json { appendJSON(&out) } else { appendText(&out) }
  }

  /// Walks both maps in address order; what was stands before what is.
  private static func changes(
    _ before: [MapImage.Line], _ after: [MapImage.Line], _ comparesFlags: Bool
  ) -> [Change] {
    var changes: [Change] = []
    var (b, a) = (0, 0)
    while b < before.count || a < after.count {
      if b < before.count, a < after.count, isSame(before[b], after[a], comparesFlags) {
        (b, a) = (b + 1, a + 1)
      } else if a == after.count
        || (b < before.count && before[b].range.start <= after[a].range.start)
      {
        changes.append(.removed(before[b]))
        b += 1
      } else {
        changes.append(.added(after[a]))
        a += 1
      }
    }
    return changes
  }

  private static func isSame(
    _ a: MapImage.Line, _ b: MapImage.Line, _ comparesFlags: Bool
  ) -> Bool {
    let shown: VMAFlags = [.read, .write, .exec, .mayShare]
    let mask = comparesFlags ? VMAFlags(rawValue: .max) : shown
    return a.range == b.range && a.offset == b.offset && a.name == b.name && a.inode == b.inode
      && a.flags.intersection(mask) == b.flags.intersection(mask)
  }

  private func appendText(_ out: inout OutputBuffer) {
    appendHead("---", from, before, &out)
    appendHead("+++", to, after, &out)
    for change in changes {
      switch change {
      case .removed(let line): append(line, "-", &out)
      case .added(let line): append(line, "+", &out)
      }
    }
  }

  private func appendHead(
    _ mark: String, _ line: UInt64, _ image: MapImage?, _ out: inout OutputBuffer
  ) {
    let count = Figures.count(UInt64(image?.lines.count ?? 0), "VMA")
    out.append(line: "\(mark) \(trace) line \(Figures.grouped(line)): \(count)")
  }

  private func append(_ line: MapImage.Line, _ mark: String, _ out: inout OutputBuffer) {
    out.append(mark)
    maps.append(line, to: &out)
    if comparesFlags {
      out.append(mark)
      maps.appendFlags(line.flags, &out)
    }
  }

  private func appendJSON(_ out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.member("schema", 1, &out)
    json.member("trace", trace, &out)
    for (key, line, image) in [("from", from, before), ("to", to, after)] {
      json.key(key, &out)
      json.beginObject(&out)
      json.member("line", line, &out)
      json.member("map_count", UInt64(image?.lines.count ?? 0), &out)
      json.endObject(&out)
    }
    json.key("changes", &out)
    json.beginArray(&out)
    for change in changes {
      switch change {
      case .removed(let line): append(line, "-", &json, &out)
      case .added(let line): append(line, "+", &json, &out)
      }
    }
    json.endArray(&out)
    json.endObject(&out)
    out.append("\n")
  }

  private func append(
    _ line: MapImage.Line, _ mark: String, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    var text = OutputBuffer()
    maps.append(line, to: &text)
    json.beginObject(&out)
    json.member("change", mark, &out)
    json.member("maps", String(decoding: text.bytes.dropLast(), as: UTF8.self), &out)
    if comparesFlags {
      var flags = OutputBuffer()
      maps.appendFlags(line.flags, &flags)
      json.member("vm_flags", String(decoding: flags.bytes.dropLast(), as: UTF8.self), &out)
    }
    json.endObject(&out)
  }
}
