import Replay

/// How lookups grow with the number of VMAs.
extension BenchmarkReport {
  /// find_vma over the number of VMAs, two columns for each doubling of the time.
  ///
  /// ```
  ///     64 | b r   l
  ///   1024 |   b r           l
  /// ```
  func appendPlot(_ out: inout OutputBuffer) {
    out.append(line: "")
    out.append(line: "find_vma by the number of VMAs; two columns are twice the time")
    out.append(line: "(l list, r rbtree, b btree, a array, * several)")
    let all = groups.flatMap { $0.results.filter { $0.operation == .find } }
    guard let least = all.map(\.statistics.median).min(), least > 0 else { return }
    for group in groups.sorted(by: { $0.vmas < $1.vmas }) {
      var cells: [Character] = []
      for result in group.results where result.operation == .find {
        let column = Self.halfDoublings(result.statistics.median / least)
        while cells.count <= column { cells.append(" ") }
        cells[column] =
          cells[column] == " " ? result.index.rawValue.first! : "*"
      }
      let label = Figures.grouped(group.vmas)
      let padding = String(repeating: " ", count: max(10 - label.count, 0))
      out.append(line: "\(padding)\(label) | \(String(cells))")
    }
  }

  /// Twice the logarithm to the base 2, to the nearest whole number below.
  private static func halfDoublings(_ ratio: Double) -> Int {
    var count = 0
    var left = ratio * ratio
    while left >= 2 {
      left /= 2
      count += 1
    }
    return count
  }

  /// From how many VMAs on each tree finds faster than the list, where that can be said.
  func crossovers() -> [String] {
    [IndexKind.rbtree, .btree].compactMap { tree in
      crossover(of: tree).map { "list and \(tree.rawValue), find_vma: \($0)" }
    }
  }

  private func crossover(of tree: IndexKind) -> String? {
    let sizes = groups.sorted { $0.vmas < $1.vmas }.compactMap { group in
      group.result(.find, on: tree).flatMap { group.ratio(of: $0, to: .list) }
        .map { (vmas: group.vmas, ratio: $0.value, isFaster: $0.value < 1 && $0.isSignificant) }
    }
    guard sizes.count > 1 else { return nil }
    let slow = sizes.lastIndex { !$0.isFaster }
    guard let slow else {
      return "the tree is faster from \(Figures.grouped(sizes[0].vmas)) VMAs, the fewest, on"
    }
    let below = sizes[slow]
    guard slow + 1 < sizes.count else {
      return "the tree is not faster up to \(Figures.grouped(below.vmas)) VMAs, the most"
    }
    let above = sizes[slow + 1]
    return "they cross between \(Figures.grouped(below.vmas)) VMAs "
      + "(x \(Figures.decimal(below.ratio, 2))) and \(Figures.grouped(above.vmas)) "
      + "(x \(Figures.decimal(above.ratio, 2)))"
  }
}
