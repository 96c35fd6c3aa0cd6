import SyscallABI
import SystemPackage
import Testing

@testable import AddressSpaces

/// Layouts of up to three VMAs that differ in everything that 2.6 compares, and every range that is
/// mapped or changed over them, against the page-by-page oracle of 2.6.
@Suite struct OldExhaustiveMergeTests {
  /// What a VMA is: each kind meets another first refusal.
  private enum Kind: Int, CaseIterable {
    case plain, policy, special, hooked, file, offset
  }

  private struct Piece {
    var gap: Int
    var length: Int
    var kind: Kind
    var isRandom: Bool
    /// 0 is unwritten; 1 and 2 are two anon_vmas.
    var state: Int
  }

  private static let pages = 8

  /// Every how manieth of three million layouts is looked at; a prime, so that all pieces occur.
  private static var stride: Int {
    #if EXHAUSTIVE
      return 211
    #else
      return 2003
    #endif
  }

  private static let pieces: [Piece] = {
    var list: [Piece] = []
    for gap in 0...1 {
      for length in 1...2 {
        for kind in Kind.allCases {
          for isRandom in [false, true] {
            for state in 0...2 {
              list.append(
                Piece(gap: gap, length: length, kind: kind, isRandom: isRandom, state: state))
            }
          }
        }
      }
    }
    return list
  }()

  @Test func everyCaseAndEveryRefusal() {
    let count = Self.pieces.count
    var statistics = AddressSpaceStatistics()
    var (checked, differing) = (0, 0)
    func check(_ layout: [Piece], _ range: Range<Int>) {
      for isChange in [false, true] {
        checked += 1
        guard let message = difference(layout, range, isChange, &statistics) else { continue }
        differing += 1
        if differing <= 3 { Issue.record("\(message)") }
      }
    }
    for number in Swift.stride(from: 0, to: count * count * count, by: Self.stride) {
      let layout = [
        Self.pieces[number % count], Self.pieces[number / count % count],
        Self.pieces[number / count / count],
      ]
      for first in Swift.stride(from: number % 2, to: Self.pages, by: 2) {
        for last in first + 1...Self.pages { check(layout, first..<last) }
      }
    }
    // Neighbours of one kind are rare among all: each kind beside itself.
    for low in Self.pieces {
      for high in Self.pieces where high.kind == low.kind && low.gap == 0 {
        for first in 0..<4 {
          for last in first + 1...5 { check([low, high], first..<last) }
        }
      }
    }
    // One between two of its kind: all that can be written of three.
    for kind in Kind.allCases {
      for states in 0..<27 {
        let layout = [states % 3, states / 3 % 3, states / 9].enumerated().map { place, state in
          Piece(gap: 0, length: 2, kind: kind, isRandom: place == 1, state: state)
        }
        for first in 0..<6 {
          for last in first + 1...6 { check(layout, first..<last) }
        }
      }
    }
    #expect(differing == 0)
    #expect(checked > 50_000)
    for mergeCase in MergeCase.allCases {
      #expect(statistics.merges(mergeCase) > 0, "case \(mergeCase.rawValue) was never reached")
    }
    let asked: [MergeRefusal] = [
      .special, .policy, .flags, .file, .closeHook, .anonVMA, .offset,
    ]
    for reason in asked { #expect(statistics.refusals(reason) > 0, "never refused: \(reason)") }
    let merges = MergeCase.allCases.map { "case \($0.rawValue) \(statistics.merges($0))" }
    let refusals = asked.map { "\($0.label) \(statistics.refusals($0))" }
    print("2.6: \(checked) checked; \((merges + refusals).joined(separator: ", "))")
  }

  private func difference(
    _ layout: [Piece], _ range: Range<Int>, _ isChange: Bool,
    _ statistics: inout AddressSpaceStatistics
  ) -> String? {
    var space = AddressSpace<RedBlackTreeIndex>(profile: .linux2_6)
    var oracle = OldPageOracle(pages: Self.pages + 2)
    var page = 0
    for (number, piece) in layout.enumerated() {
      page += piece.gap
      let extent = page..<page + piece.length
      page = extent.upperBound
      install(piece, number, extent, in: &space)
      // What differs in its offset alone is a kind of its own.
      oracle.add(
        extent, kind: piece.kind == .offset ? Kind.allCases.count + number : piece.kind.rawValue,
        isRandom: piece.isRandom, anonVMA: piece.state)
    }
    let target = Canvas.range(range)
    do {
      if isChange {
        oracle.makeOrdinary(range)
        try space.madvise(
          target.start, length: target.length, advice: .normal, leniently: true)
      } else {
        oracle.map(range)
        try space.mmap(
          at: target.start, length: target.length, prot: .read | .write,
          flags: .private | .anonymous | .fixed)
      }
    } catch {
      return "\(range): \(error)"
    }
    statistics.add(space.statistics)
    let found = space.vmas().map { vma in
      [
        Int((vma.range.start &- column(0)) / Page.size),
        Int((vma.range.end &- column(0)) / Page.size),
        vma.flags.contains(.randRead) ? 1 : 0, Int(vma.anonVMA.rawValue),
      ]
    }
    let expected = oracle.vmas.map { [$0[0], $0[1], $0[3], $0[4]] }
    if found == expected { return nil }
    return "\(isChange ? "change" : "map") \(range) of \(layout): \(found), not \(expected)"
  }

  private func install(
    _ piece: Piece, _ number: Int, _ extent: Range<Int>,
    in space: inout AddressSpace<RedBlackTreeIndex>
  ) {
    let range = Canvas.range(extent)
    var flags = Paint.plain
    if piece.isRandom { flags.insert(.randRead) }
    if piece.kind == .special { flags.insert(.dontExpand) }
    let offset: UInt64
    var file = FileDescriptionID.none
    switch piece.kind {
    case .plain, .policy, .special: offset = 0
    case .hooked, .file:
      file = FileDescriptionID(UInt32(piece.kind.rawValue))
      offset = range.start.rawValue
    case .offset:
      file = FileDescriptionID(UInt32(piece.kind.rawValue))
      offset = range.start.rawValue + UInt64(number + 1) << 30
    }
    try? space.install(
      range, flags: flags, file: file, offset: offset,
      policy: piece.kind == .policy ? PolicyID(1) : .default,
      hasCloseHook: piece.kind == .hooked)
    let entry = space.index.search(range.start)
    space.setAnonVMA(entry, AnonVMA(rawValue: UInt32(piece.state)))
  }
}
