import SyscallABI
import SystemPackage
import Testing

@testable import AddressSpaces

/// All layouts of up to three VMAs, with all differences of attributes and anon_vma, and every
/// range that is mapped or changed over them, against the page-by-page oracle.
@Suite struct ExhaustiveMergeTests {
  /// One VMA of a layout. `state` 0 is unwritten; 1 and 2 are two anon_vmas; 3 is inherited.
  private struct Piece {
    var gap: Int
    var length: Int
    var attributes: Int
    var state: Int
  }

  private static let pages = 8

  /// Layouts are sampled in debug builds, where a million address spaces take minutes.
  private static var stride: Int {
    #if DEBUG
      return 53
    #else
      return 3
    #endif
  }

  private static let pieces: [Piece] = {
    var list: [Piece] = []
    for gap in 0...1 {
      for length in 1...2 {
        for attributes in 0...1 {
          for state in 0...3 {
            list.append(
              Piece(gap: gap, length: length, attributes: attributes, state: state))
          }
        }
      }
    }
    return list
  }()

  @Test func everyLayout() {
    let count = Self.pieces.count
    var checked = 0
    var differing = 0
    for number in Swift.stride(from: 0, to: count * count * count, by: Self.stride) {
      let layout = [
        Self.pieces[number % count], Self.pieces[number / count % count],
        Self.pieces[number / count / count],
      ]
      var first = number % 3
      while first < Self.pages {
        for last in first + 1...Self.pages {
          for isChange in [false, true] {
            checked += 1
            if let message = difference(layout, first..<last, isChange: isChange) {
              differing += 1
              if differing <= 3 { Issue.record("layout \(number): \(message)") }
            }
          }
        }
        first += 3
      }
    }
    #expect(checked > 10_000)
    #expect(differing == 0)
  }

  private static func flags(_ attributes: Int) -> VMAFlags {
    attributes == 0 ? Paint.plain : Paint.plain.union(.randRead)
  }

  private func difference(
    _ layout: [Piece], _ range: Range<Int>, isChange: Bool
  ) -> String? {
    var space = TreeSpace()
    var oracle = PageOracle(pages: Self.pages + 2)
    var page = 0
    for piece in layout {
      page += piece.gap
      let extent = page..<page + piece.length
      page = extent.upperBound
      if page > Self.pages { break }
      let bit = piece.state == 3 ? AnonVMA.forkChildBit : 0
      add(extent, piece, AnonVMA(rawValue: UInt32(piece.state) | bit), to: &space)
      oracle.add(extent, piece.attributes, piece.state, isForkChild: piece.state == 3)
    }
    let target = Canvas.range(range)
    do {
      if isChange {
        oracle.change(range, 0)
        try space.madvise(
          target.start, length: target.length, advice: .normal, leniently: true)
      } else {
        oracle.map(range, 0)
        try space.mmap(
          at: target.start, length: target.length, prot: .read | .write,
          flags: .private | .anonymous | .fixed)
      }
    } catch {
      return "\(range): \(error)"
    }
    let found = space.vmas().map { vma in
      [
        Int((vma.range.start &- column(0)) / Page.size),
        Int((vma.range.end &- column(0)) / Page.size), vma.flags.contains(.randRead) ? 1 : 0,
        Int(vma.anonVMA.rawValue & ~AnonVMA.forkChildBit),
      ]
    }
    if found == oracle.vmas { return nil }
    return "\(isChange ? "change" : "map") \(range) of \(layout): \(found), not \(oracle.vmas)"
  }

  private func add(
    _ extent: Range<Int>, _ piece: Piece, _ anonVMA: AnonVMA, to space: inout TreeSpace
  ) {
    let range = Canvas.range(extent)
    try? space.install(range, flags: Self.flags(piece.attributes))
    let entry = space.index.search(range.start)
    space.setAnonVMA(entry, anonVMA)
  }
}
