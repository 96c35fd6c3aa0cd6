/// A trace cut into the parts that can be left out of it.
///
/// First whole lines, and recorded maps with what follows them; then the single mappings of the
/// maps that are left. The lines about the recording itself always stay.
struct TraceUnits {
  /// The lines at the top that say what the recording is.
  private(set) var header: [[UInt8]] = []
  private(set) var units: [[[UInt8]]] = []

  init(_ lines: [[UInt8]]) {
    var isInMap = false
    for line in lines {
      if Self.starts(line, "# vmareplay ") || Self.starts(line, "# host ") {
        header.append(line)
      } else if isInMap || Self.follows(line) && !units.isEmpty {
        units[units.count - 1].append(line)
        if Self.starts(line, "# end") { isInMap = false }
      } else {
        units.append([line])
        isInMap = Self.starts(line, "# maps ")
      }
    }
  }

  /// `# stat` and the like belong to the map above them.
  private static func follows(_ line: [UInt8]) -> Bool {
    starts(line, "# stat ") || starts(line, "# limits ") || starts(line, "# inflight ")
  }

  /// The lines of some of the units.
  func lines(of units: [[[UInt8]]]) -> [[UInt8]] { header + units.flatMap { $0 } }

  /// The parts inside units: each mapping with its details; all other lines are fixed.
  static func mappings(in units: [[[UInt8]]]) -> [(lines: [[UInt8]], isFixed: Bool)] {
    var parts: [(lines: [[UInt8]], isFixed: Bool)] = []
    for unit in units {
      for line in unit {
        if unit.count > 1, isMapping(line) {
          parts.append(([line], false))
        } else if line.count > 2, line[0] == UInt8(ascii: "#"), (65...90).contains(line[2]),
          let last = parts.indices.last
        {
          // `Anonymous:` and `VmFlags:` belong to the mapping above them.
          parts[last].lines.append(line)
        } else {
          parts.append(([line], true))
        }
      }
    }
    return parts
  }

  /// `# 7f0000000000-7f…`
  private static func isMapping(_ line: [UInt8]) -> Bool {
    guard line.starts(with: "# ".utf8) else { return false }
    let rest = line.dropFirst(2)
    let address = rest.prefix { (48...57).contains($0) || (97...102).contains($0) }
    return !address.isEmpty && rest.dropFirst(address.count).first == UInt8(ascii: "-")
  }

  private static func starts(_ line: [UInt8], _ text: StaticString) -> Bool {
    line.starts(with: "\(text)".utf8)
  }
}
