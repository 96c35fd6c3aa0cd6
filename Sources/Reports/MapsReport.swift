public import Replay
public import SyscallABI

/// Prints address spaces in the format of `/proc/PID/maps`.
public struct MapsReport {
  private let paths: PathTable
  /// Adds a `VmFlags:` line to each VMA, as smaps has it.
  private let showsFlags: Bool
  /// Puts the segment that each VMA belongs to before its line.
  private let showsSegments: Bool

  public init(paths: PathTable, showsFlags: Bool = false, showsSegments: Bool = false) {
    self.showsSegments = showsSegments
    self.paths = paths
    self.showsFlags = showsFlags
  }

  /// Appends the lines of one process.
  public func append(_ image: MapImage, to out: inout OutputBuffer) {
    let segments = showsSegments ? image.segments(paths) : []
    for (position, line) in image.lines.enumerated() {
      if showsSegments { appendSegment(segments[position].rawValue, &out) }
      append(line, to: &out)
      if showsFlags { appendFlags(line.flags, &out) }
    }
    // The gate of the vsyscall page is shown in every map, but is no VMA.
    if let gate = image.process.vsyscallGate {
      if showsSegments { appendSegment("vsyscall", &out) }
      out.append("ffffffffff600000-ffffffffff601000 ")
      append(permissions: gate, to: &out)
      out.append(" 00000000 00:00 0                  [vsyscall]\n")
    }
  }

  private func appendSegment(_ name: String, _ out: inout OutputBuffer) {
    out.append(name)
    out.append(String(repeating: " ", count: max(1, 16 - name.count)))
  }

  func append(permissions flags: VMAFlags, to out: inout OutputBuffer) {
    out.append(flags.contains(.read) ? "r" : "-")
    out.append(flags.contains(.write) ? "w" : "-")
    out.append(flags.contains(.exec) ? "x" : "-")
    out.append(flags.contains(.mayShare) ? "s" : "p")
  }

  /// Appends one line of a model's map.
  func append(_ line: MapImage.Line, to out: inout OutputBuffer) {
    let start = out.bytes.count
    appendPrefix(line.range, line.flags, line.offset, &out)
    appendFile(line.deviceMajor, line.deviceMinor, line.inode, &out)
    if line.name != .none {
      pad(from: start, &out)
      appendName(line.name, &out)
    }
    out.append("\n")
  }

  /// Appends one line of a kernel's map, as it was recorded.
  func append(_ entry: MapsEntry, to out: inout OutputBuffer) {
    let start = out.bytes.count
    appendPrefix(entry.range, entry.permissions, entry.offset, &out)
    appendFile(entry.deviceMajor, entry.deviceMinor, entry.inode, &out)
    if entry.name != .none {
      pad(from: start, &out)
      appendName(.file(entry.name), &out)
    }
    out.append("\n")
  }

  private func appendPrefix(
    _ range: AddressRange, _ flags: VMAFlags, _ offset: UInt64, _ out: inout OutputBuffer
  ) {
    out.append(hex: range.start.rawValue, width: 8)
    out.append("-")
    out.append(hex: range.end.rawValue, width: 8)
    out.append(" ")
    append(permissions: flags, to: &out)
    out.append(" ")
    out.append(hex: offset, width: 8)
    out.append(" ")
  }

  private func appendFile(
    _ major: UInt32, _ minor: UInt32, _ inode: UInt64, _ out: inout OutputBuffer
  ) {
    out.append(hex: UInt64(major), width: 2)
    out.append(":")
    out.append(hex: UInt64(minor), width: 2)
    out.append(" ")
    out.append(decimal: inode)
    out.append(" ")
  }

  func pad(from start: Int, _ out: inout OutputBuffer) {
    while out.bytes.count - start < Self.nameColumn { out.append(" ") }
  }

  /// Appends the text of the last column.
  func append(name: MapImage.Name, to out: inout OutputBuffer) { appendName(name, &out) }

  /// Where names start, if what stands before them is no longer.
  private static let nameColumn = 73

  private func appendName(_ name: MapImage.Name, _ out: inout OutputBuffer) {
    switch name {
    case .none: break
    case .heap: out.append("[heap]")
    case .stack: out.append("[stack]")
    case .file(let id):
      for byte in paths.bytes(of: id) {
        if byte == UInt8(ascii: "\n") { out.append("\\012") } else { out.append(byte: byte) }
      }
      if paths.isDeleted(id) { out.append(" (deleted)") }
    }
  }

  /// Appends the line of flags that smaps has below a VMA.
  func appendFlags(_ flags: VMAFlags, _ out: inout OutputBuffer) {
    out.append("VmFlags: ")
    for (code, flag) in VMAFlags.smapsCodes where flags.contains(flag) {
      out.append(code)
      out.append(" ")
    }
    out.append("\n")
  }
}
