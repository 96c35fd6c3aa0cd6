/// A second model, as plain as possible: an array of pages, each with what it is and which VMA it
/// belongs to. It shares no code with the library.
struct PageOracle: Equatable {
  /// One page; two of the same `vma` are in one VMA.
  struct Cell: Equatable {
    var attributes: Int
    /// 0 for none.
    var anonVMA: Int
    var isForkChild: Bool
    var vma: Int
  }

  var cells: [Cell?]
  private var nextVMA = 1

  init(pages: Int) {
    cells = [Cell?](repeating: nil, count: pages)
  }

  mutating func add(_ range: Range<Int>, _ attributes: Int, _ anonVMA: Int, isForkChild: Bool) {
    for page in range {
      cells[page] = Cell(
        attributes: attributes, anonVMA: anonVMA, isForkChild: isForkChild, vma: nextVMA)
    }
    nextVMA += 1
  }

  /// The pages of the VMA that holds `page`.
  private func extent(_ page: Int) -> Range<Int> {
    var first = page
    var last = page
    while first > 0, let cell = cells[first - 1], cell.vma == cells[page]?.vma { first -= 1 }
    while last + 1 < cells.count, let cell = cells[last + 1], cell.vma == cells[page]?.vma {
      last += 1
    }
    return first..<last + 1
  }

  /// The VMAs: first page, one past the last, attributes, anon_vma.
  var vmas: [[Int]] {
    var list: [[Int]] = []
    var page = 0
    while page < cells.count {
      guard let cell = cells[page] else {
        page += 1
        continue
      }
      let extent = extent(page)
      list.append([extent.lowerBound, extent.upperBound, cell.attributes, cell.anonVMA])
      page = extent.upperBound
    }
    return list
  }

  /// A new mapping that replaces what is there.
  mutating func map(_ range: Range<Int>, _ attributes: Int) {
    // Pieces that are cut apart are VMAs of their own.
    if range.upperBound < cells.count, let above = cells[range.upperBound] {
      let extent = extent(range.upperBound)
      if extent.lowerBound < range.upperBound {
        for page in range.upperBound..<extent.upperBound { cells[page]?.vma = nextVMA }
        nextVMA += 1
        assert(above.vma != 0)
      }
    }
    for page in range { cells[page] = nil }
    let below = range.lowerBound > 0 ? cells[range.lowerBound - 1] : nil
    let above = range.upperBound < cells.count ? cells[range.upperBound] : nil
    let fresh = Cell(attributes: attributes, anonVMA: 0, isForkChild: false, vma: nextVMA)
    nextVMA += 1
    for page in range { cells[page] = fresh }
    join(range, below, above, bothWays: true)
  }

  /// Every VMA in the range gets other attributes, one after the other.
  mutating func change(_ range: Range<Int>, _ attributes: Int) {
    var page = range.lowerBound
    while page < range.upperBound {
      guard let cell = cells[page] else {
        page += 1
        continue
      }
      let whole = extent(page)
      let part = page..<min(whole.upperBound, range.upperBound)
      page = part.upperBound
      if cell.attributes == attributes { continue }
      let touchesLow = part.lowerBound == whole.lowerBound
      let touchesHigh = part.upperBound == whole.upperBound
      let rest = nextVMA
      let middle = nextVMA + 1
      nextVMA += 2
      for page in part.upperBound..<whole.upperBound { cells[page]?.vma = rest }
      for page in part {
        cells[page]?.vma = middle
        cells[page]?.attributes = attributes
      }
      let below = touchesLow && part.lowerBound > 0 ? cells[part.lowerBound - 1] : nil
      let above =
        touchesHigh && part.upperBound < cells.count ? cells[part.upperBound] : nil
      join(part, below, above, bothWays: touchesLow && touchesHigh)
    }
  }

  /// Joins a range with its neighbours: rule of Linux 6.16 and later.
  private mutating func join(
    _ range: Range<Int>, _ below: Cell?, _ above: Cell?, bothWays: Bool
  ) {
    guard let mine = cells[range.lowerBound] else { return }
    let low = below.flatMap { fits(mine, $0) ? $0 : nil }
    var high = above.flatMap { fits(mine, $0) ? $0 : nil }
    if let low, let other = high, low.anonVMA != 0, other.anonVMA != 0,
      low.anonVMA != other.anonVMA
    {
      high = nil
    }
    // The members of the VMA that results, and the anon_vma that one of them has.
    let members = [low?.vma, mine.vma, high?.vma].compactMap { $0 }
    let owner = [low, high, mine].compactMap { $0 }.first { $0.anonVMA != 0 }
    for page in cells.indices {
      guard let cell = cells[page], members.contains(cell.vma) else { continue }
      cells[page]?.vma = mine.vma
      cells[page]?.anonVMA = owner?.anonVMA ?? 0
      cells[page]?.isForkChild = owner?.isForkChild ?? false
    }
  }

  private func fits(_ mine: Cell, _ theirs: Cell) -> Bool {
    if mine.attributes != theirs.attributes { return false }
    if mine.anonVMA == theirs.anonVMA { return true }
    if mine.anonVMA != 0 && theirs.anonVMA != 0 { return false }
    return mine.anonVMA == 0 ? !theirs.isForkChild : !mine.isForkChild
  }
}
