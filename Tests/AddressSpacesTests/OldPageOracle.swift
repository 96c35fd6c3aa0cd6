/// The merging of 2.6, page by page, as plain as possible; it shares no code with the library.
struct OldPageOracle {
  /// What a page is. Kinds from 0 on; `special` and `hooked` ones never merge.
  struct Cell: Equatable {
    var kind: Int
    var isRandom: Bool
    /// 0 for none.
    var anonVMA: Int
    var vma: Int
  }

  static let special = 2
  static let hooked = 3

  private(set) var cells: [Cell?]
  private var nextVMA = 1

  init(pages: Int) { cells = [Cell?](repeating: nil, count: pages) }

  mutating func add(_ range: Range<Int>, kind: Int, isRandom: Bool, anonVMA: Int) {
    for page in range {
      cells[page] = Cell(kind: kind, isRandom: isRandom, anonVMA: anonVMA, vma: nextVMA)
    }
    nextVMA += 1
  }

  /// The VMAs: first page, one past the last, kind, whether random, anon_vma.
  var vmas: [[Int]] {
    var list: [[Int]] = []
    for (page, cell) in cells.enumerated() {
      guard let cell else { continue }
      if page > 0, cells[page - 1]?.vma == cell.vma {
        list[list.count - 1][1] = page + 1
      } else {
        list.append([page, page + 1, cell.kind, cell.isRandom ? 1 : 0, cell.anonVMA])
      }
    }
    return list
  }

  /// A new mapping of kind 0 that replaces what is there.
  mutating func map(_ range: Range<Int>) {
    cut(at: range.upperBound)
    for page in range { cells[page] = nil }
    add(range, kind: 0, isRandom: false, anonVMA: 0)
    join(range)
  }

  /// Every VMA in the range is no longer random, one after the other.
  mutating func makeOrdinary(_ range: Range<Int>) {
    var page = range.lowerBound
    while page < range.upperBound {
      guard let cell = cells[page] else {
        page += 1
        continue
      }
      var end = page
      while end < range.upperBound, cells[end]?.vma == cell.vma { end += 1 }
      if cell.isRandom {
        cut(at: page)
        cut(at: end)
        for page in page..<end { cells[page]?.isRandom = false }
        join(page..<end)
      }
      page = end
    }
  }

  /// A VMA that reaches across this page border becomes two.
  private mutating func cut(at page: Int) {
    guard page > 0, page < cells.count, let cell = cells[page], cells[page - 1]?.vma == cell.vma
    else { return }
    var rest = page
    while rest < cells.count, cells[rest]?.vma == cell.vma {
      cells[rest]?.vma = nextVMA
      rest += 1
    }
    nextVMA += 1
  }

  /// A range that is one VMA joins its neighbours: both if all three can be one, else the one below
  /// if it can, else the one above.
  private mutating func join(_ range: Range<Int>) {
    guard let mine = cells[range.lowerBound] else { return }
    let below = range.lowerBound > 0 ? cells[range.lowerBound - 1] : nil
    let above = range.upperBound < cells.count ? cells[range.upperBound] : nil
    let low = below.flatMap { fits($0, mine) ? $0 : nil }
    var high = above.flatMap { fits($0, mine) ? $0 : nil }
    if let low, let other = high, !agree(low.anonVMA, other.anonVMA) { high = nil }
    let members = [low, mine, high].compactMap { $0 }
    let anonVMA = members.map(\.anonVMA).first { $0 != 0 } ?? 0
    for page in cells.indices {
      guard let cell = cells[page], members.contains(where: { $0.vma == cell.vma }) else {
        continue
      }
      cells[page]?.vma = mine.vma
      cells[page]?.anonVMA = anonVMA
    }
  }

  private func fits(_ one: Cell, _ other: Cell) -> Bool {
    one.kind == other.kind && one.isRandom == other.isRandom && one.kind != Self.special
      && one.kind != Self.hooked && agree(one.anonVMA, other.anonVMA)
  }

  /// Either has none, or both have the same: 2.6 does not ask whose child it is.
  private func agree(_ one: Int, _ other: Int) -> Bool { one == 0 || other == 0 || one == other }
}
