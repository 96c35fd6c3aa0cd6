/// A row of values as columns of block characters.
struct LineChart {
  let values: [UInt64]
  /// Columns of the terminal.
  let width: Int
  /// The first and last line of the log, below the chart.
  let lines: (first: UInt64, last: UInt64)
  let label: (UInt64) -> String

  private static let height = 8
  private static let eighths: [Character] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  func append(to out: inout OutputBuffer) {
    let top = values.max() ?? 0
    let margin = label(top).count
    let columns = self.columns(max(width - margin - 2, 10))
    for row in stride(from: Self.height - 1, through: 0, by: -1) {
      let isLabelled = row == Self.height - 1 || row == 0
      let text = isLabelled ? label(row == 0 ? 0 : top) : ""
      var line = String(repeating: " ", count: margin - min(margin, text.count)) + text + " "
      for value in columns {
        // What is not zero is seen.
        let full = UInt64(Self.height * 8)
        let height = top == 0 ? 0 : max(value > 0 ? 1 : 0, Int(Self.scale(value, full, top)))
        line.append(Self.eighths[min(max(height - row * 8, 0), 8)])
      }
      while line.hasSuffix(" ") { line.removeLast() }
      out.append(line: line)
    }
    let first = "line \(Figures.grouped(lines.first))"
    let last = Figures.grouped(lines.last)
    let gap = max(columns.count - first.count - last.count, 1)
    out.append(
      line: String(repeating: " ", count: margin + 1) + first
        + String(repeating: " ", count: gap) + last)
  }

  private static func scale(_ value: UInt64, _ full: UInt64, _ top: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: full)
    return top.dividingFullWidth(product).quotient
  }

  /// The largest value that falls into each column; few values are spread out.
  private func columns(_ count: Int) -> [UInt64] {
    guard !values.isEmpty else { return [] }
    return (0..<count).map { column in
      let first = column * values.count / count
      let last = max(first + 1, (column + 1) * values.count / count)
      return values[first..<last].max() ?? 0
    }
  }
}
