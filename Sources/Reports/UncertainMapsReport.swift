import AddressSpaces
public import Replay
public import SyscallABI

/// Prints address spaces split wherever a VMA may end.
public struct UncertainMapsReport {
  private let paths: PathTable
  private let lines: MapsReport

  public init(paths: PathTable) {
    self.paths = paths
    lines = MapsReport(paths: paths)
  }

  /// Appends one process in the format of `/proc/PID/maps`; each line ends with what is known of
  /// the border at its start.
  public func append(_ image: UncertainMapImage, to out: inout OutputBuffer) {
    for line in image.lines {
      var text = OutputBuffer()
      lines.append(line.map, to: &text)
      let start = out.bytes.count
      for byte in text.bytes.dropLast() { out.append(byte: byte) }
      while out.bytes.count - start < Self.markColumn { out.append(" ") }
      if let doubt = line.doubt {
        out.append("  # maybe: ")
        out.append(doubt.label)
      } else {
        out.append("  # certain")
      }
      out.append("\n")
    }
    out.append(line: summary(image))
  }

  /// Where marks start, if what stands before them is no longer.
  private static let markColumn = 96

  private func summary(_ image: UncertainMapImage) -> String {
    let (low, high) = (image.mapCountMin, image.mapCountMax)
    if low == high { return "# \(Figures.count(UInt64(high), "VMA"))" }
    let borders = high - low == 1 ? "border" : "borders"
    return "# \(low) to \(high) VMAs: \(high - low) \(borders) that may or may not be"
  }

  /// Appends the processes as one JSON document.
  public func appendJSON(_ images: [UncertainMapImage], to out: inout OutputBuffer) {
    var json = JSONWriter(indented: true)
    json.beginObject(&out)
    json.key("schema", &out)
    json.number(1, &out)
    json.key("processes", &out)
    json.beginArray(&out)
    for image in images { append(image, &json, &out) }
    json.endArray(&out)
    json.endObject(&out)
    out.append("\n")
  }

  private func append(
    _ image: UncertainMapImage, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.beginObject(&out)
    json.key("pid", &out)
    if image.process.pid == .none {
      json.null(&out)
    } else {
      json.number(Int(image.process.pid.rawValue), &out)
    }
    json.key("map_count_min", &out)
    json.number(image.mapCountMin, &out)
    json.key("map_count_max", &out)
    json.number(image.mapCountMax, &out)
    json.key("maybe_boundaries", &out)
    json.number(image.mapCountMax - image.mapCountMin, &out)
    json.key("lines", &out)
    json.beginArray(&out)
    for line in image.lines { append(line, &json, &out) }
    json.endArray(&out)
    json.endObject(&out)
  }

  private func append(
    _ line: UncertainMapImage.Line, _ json: inout JSONWriter, _ out: inout OutputBuffer
  ) {
    json.beginObject(&out)
    json.key("start", &out)
    json.string("\(line.map.range.start)", &out)
    json.key("end", &out)
    json.string("\(line.map.range.end)", &out)
    json.key("permissions", &out)
    json.string(Self.permissions(line.map.flags), &out)
    json.key("offset", &out)
    json.number(line.map.offset, &out)
    json.key("name", &out)
    if line.map.name == .none {
      json.null(&out)
    } else {
      var name = OutputBuffer()
      lines.append(name: line.map.name, to: &name)
      json.string(String(decoding: name.bytes, as: UTF8.self), &out)
    }
    json.key("boundary", &out)
    json.string(line.doubt == nil ? "present" : "maybe", &out)
    json.key("cause", &out)
    if let doubt = line.doubt { json.string("\(doubt.label)", &out) } else { json.null(&out) }
    json.endObject(&out)
  }

  private static func permissions(_ flags: VMAFlags) -> String {
    (flags.contains(.read) ? "r" : "-") + (flags.contains(.write) ? "w" : "-")
      + (flags.contains(.exec) ? "x" : "-") + (flags.contains(.mayShare) ? "s" : "p")
  }
}
