/// Keeps of `/proc/PID/smaps` what a snapshot needs: the line of each mapping, the size of its
/// anonymous memory and its flags. Takes the file in pieces of any size.
struct SmapsFilter {
  private var partial: [UInt8] = []
  private(set) var mappings = 0
  /// The lines of the snapshot, each with `# ` before it.
  private(set) var lines: [UInt8] = []

  mutating func absorb(_ bytes: ArraySlice<UInt8>) {
    var rest = bytes
    while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
      if partial.isEmpty {
        keep(rest[..<newline])
      } else {
        partial += rest[..<newline]
        keep(partial[...])
        partial.removeAll(keepingCapacity: true)
      }
      rest = rest[(newline + 1)...]
    }
    partial += rest
  }

  private mutating func keep(_ line: ArraySlice<UInt8>) {
    // Addresses are lower-case hex, names of fields begin with a capital.
    let isMapping = line.first.map { !($0 >= 65 && $0 <= 90) } ?? false
    guard isMapping || Self.isNeeded(line) else { return }
    if isMapping { mappings += 1 }
    lines += [UInt8(ascii: "#"), UInt8(ascii: " ")]
    lines += line
    lines.append(UInt8(ascii: "\n"))
  }

  private static func isNeeded(_ line: ArraySlice<UInt8>) -> Bool {
    line.starts(with: "Anonymous:".utf8) || line.starts(with: "VmFlags:".utf8)
  }
}
