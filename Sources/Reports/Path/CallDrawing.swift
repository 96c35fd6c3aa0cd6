import AddressSpaces
import Replay
import SyscallABI

/// The VMAs around a call before and after it, one letter a VMA.
///
/// ```
/// before  AAAA..BBBB
/// call        **
/// after   AAAAAAAAAA
/// ```
///
/// Columns stand for stretches between two borders, not for pages: long ones are as wide as short
/// ones, and what lies between two places that the call is about is left out.
struct CallDrawing {
  struct Row {
    var letter: Character
    var area: TracedCall.Area
  }

  let before: [Row]
  let after: [Row]
  private let ranges: [AddressRange]
  /// Neighbours that are shown on each side.
  private static let margin = 2
  private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
  /// VMAs shown on each side at most.
  static let limit = 26

  init(_ call: TracedCall) {
    let linked = call.path.linkedHandles
    let touched = call.ranges + call.path.touchedRanges
    let old = Self.around(touched, call.before)
    let new = Self.around(touched, call.after ?? [])
    before = old.enumerated().map { Row(letter: Self.letter($0.offset), area: $0.element) }
    var letters: [VMA.Handle: Character] = [:]
    for row in before { letters[row.area.vma.handle] = row.letter }
    var next = before.count
    after = new.map { area in
      // A handle is given again: what was linked during the call is another VMA.
      if let known = letters[area.vma.handle], !linked.contains(area.vma.handle) {
        return Row(letter: known, area: area)
      }
      defer { next += 1 }
      return Row(letter: Self.letter(next), area: area)
    }
    ranges = call.ranges
  }

  private static func letter(_ index: Int) -> Character { letters[index % letters.count] }

  /// What overlaps or touches one of the ranges, and some neighbours.
  private static func around(
    _ ranges: [AddressRange], _ areas: [TracedCall.Area]
  ) -> [TracedCall.Area] {
    var shown = Set<Int>()
    for range in ranges {
      // The first VMA that ends at or above the start, and the first that starts above the end.
      let low = areas.firstIndex { $0.vma.range.end >= range.start } ?? areas.count
      let high = areas.firstIndex { $0.vma.range.start > range.end } ?? areas.count
      shown.formUnion(max(0, low - margin)..<min(areas.count, high + margin))
      if shown.count > limit { break }
    }
    return shown.sorted().prefix(limit).map { areas[$0] }
  }

  /// The three lines; none if there is nothing to draw.
  var lines: [String] {
    let shown = (before + after).map(\.area.vma.range)
    guard let low = shown.map(\.start).min(), let high = shown.map(\.end).max() else { return [] }
    let mine = ranges.filter { $0.start < high && low < $0.end }
    let borders = Set((shown + mine).flatMap { [$0.start, $0.end] }).sorted()
    let width = borders.count > 24 ? 2 : 4
    var texts = ["", "", ""]
    for (start, end) in zip(borders, borders.dropFirst()) {
      let old = letter(at: start, before)
      let new = letter(at: start, after)
      let isMine = mine.contains { $0.start <= start && end <= $0.end }
      let isFree = old == nil && new == nil && !isMine
      let columns = isFree ? 2 : width
      for (row, mark) in [old ?? ".", isMine ? "*" : " ", new ?? "."].enumerated() {
        texts[row] += String(repeating: String(mark), count: columns)
      }
    }
    while texts[1].hasSuffix(" ") { texts[1].removeLast() }
    return texts
  }

  private func letter(at address: Address, _ rows: [Row]) -> Character? {
    rows.first { $0.area.vma.range.contains(address) }?.letter
  }
}

extension CallPath {
  /// VMAs that came into being.
  var linkedHandles: Set<VMA.Handle> {
    Set(
      steps.compactMap { step in
        if case .linked(let vma) = step.event { vma.handle } else { nil }
      })
  }

  /// Where VMAs changed.
  var touchedRanges: [AddressRange] {
    steps.flatMap { step -> [AddressRange] in
      switch step.event {
      case .linked(let vma), .removed(let vma), .became(let vma, _): [vma.range]
      case .resized(let vma, let old): [vma.range, old]
      default: []
      }
    }
  }
}
