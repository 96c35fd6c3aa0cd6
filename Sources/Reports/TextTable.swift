/// Rows of text in aligned columns.
struct TextTable {
  enum Alignment { case left, right }

  private var alignments: [Alignment]
  private var rows: [[String]] = []

  init(_ header: [(title: String, alignment: Alignment)]) {
    alignments = header.map(\.alignment)
    rows = [header.map(\.title)]
  }

  mutating func add(_ cells: [String]) { rows.append(cells) }

  /// Two spaces between columns, none at the ends of lines.
  func append(to out: inout OutputBuffer) {
    let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        line += column == 0 ? "" : "  "
        line += alignments[column] == .left ? cell + padding : padding + cell
      }
      while line.hasSuffix(" ") { line.removeLast() }
      out.append(line: line)
    }
  }
}

/// Numbers as people read them.
enum Figures {
  /// `1,234,567`.
  static func grouped(_ value: UInt64) -> String {
    var digits = String(value)
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return ([digits] + groups).joined(separator: ",")
  }

  static func grouped(_ value: Int) -> String {
    (value < 0 ? "-" : "") + grouped(UInt64(value.magnitude))
  }

  /// Pages of 4 KiB as `12.3 MiB`.
  static func size(pages: UInt64) -> String { size(bytes: pages << 12) }

  /// `4 KiB`, `12.3 MiB`, `1.5 GiB`.
  static func size(bytes: UInt64) -> String {
    for (unit, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20)] as [(String, UInt64)]
    where bytes >= 1 << shift {
      let tenths = bytes / (1 << (shift - 10)) * 10 / 1024
      return "\(grouped(tenths / 10)).\(tenths % 10) \(unit)"
    }
    return "\(bytes >> 10) KiB"
  }

  /// `83.1 %`; a dash where nothing was counted.
  static func share(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "-" }
    let permille = part * 1000 / whole
    return "\(permille / 10).\(permille % 10) %"
  }

  /// `1 line`, `2 lines`.
  static func count(_ value: UInt64, _ noun: String) -> String {
    "\(grouped(value)) \(noun)\(value == 1 ? "" : noun.hasSuffix("s") ? "es" : "s")"
  }
}
