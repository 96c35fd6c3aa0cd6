import AddressSpaces
import SyscallABI
import SystemPackage
import Testing

private let fixed: MapFlags = .private | .anonymous | .fixed
private let rw: Protection = .read | .write

/// `vma_merge` and `vma_adjust` of 2.6, written down by hand: `P` is prev, `A` area, `N` next.
@Suite struct OldMergeTests {
  /// One row: what lies there before and after, the case, and the way in which borders move.
  ///
  /// A lower-case letter is memory that was writable once and becomes so again where the stars are;
  /// without such a letter the stars are mapped.
  struct Row: CustomTestStringConvertible {
    var before: String
    var stars: String
    var after: String
    var mergeCase: MergeCase?
    var arms: [AdjustArm]

    var testDescription: String { "\(before) \(stars)" }
  }

  static let table: [Row] = [
    // mmap, brk, the copy of mremap: area is next, and lies above the new range.
    Row(before: "PP NN", stars: "  *", after: "PPPPP", mergeCase: .case1, arms: [.removeNext]),
    Row(before: "PP  NN", stars: "  *", after: "PPP NN", mergeCase: .case2, arms: [.none]),
    Row(before: "PP", stars: "  *", after: "PPP", mergeCase: .case2, arms: [.none]),
    Row(before: "PP  NN", stars: "   *", after: "PP NNN", mergeCase: .case3, arms: [.none]),
    Row(before: "  NN", stars: " *", after: " NNN", mergeCase: .case3, arms: [.none]),
    Row(before: "PP   NN", stars: "   *", after: "PP A NN", mergeCase: nil, arms: []),
    // mprotect, mlock, madvise. The upper part of prev: next is the importer.
    Row(before: "ppppNN", stars: "  **", after: "ppNNNN", mergeCase: .case4, arms: [.giveToNext]),
    // The lower part of area, which is next as well.
    Row(before: "PPaaaa", stars: "  **", after: "PPPPaa", mergeCase: .case5, arms: [.takeFromNext]),
    // The whole of area; next is the one above.
    Row(before: "PPaaNN", stars: "  **", after: "PPPPPP", mergeCase: .case6, arms: [.removeTwo]),
    Row(before: "PPaann", stars: "  **", after: "PPPPnn", mergeCase: .case7, arms: [.removeNext]),
    Row(before: "PPaa NN", stars: "  **", after: "PPPP NN", mergeCase: .case7, arms: [.removeNext]),
    Row(before: "ppaaNN", stars: "  **", after: "ppNNNN", mergeCase: .case8, arms: [.removeNext]),
    Row(
      before: "PP aaNN", stars: "   **", after: "PP NNNN", mergeCase: .case8, arms: [.removeNext]),
    // No merge: cut at one end, at both, or not at all.
    Row(before: "pppp", stars: "  **", after: "ppAA", mergeCase: nil, arms: [.insert]),
    Row(before: "aaaa", stars: "**", after: "AAaa", mergeCase: nil, arms: [.insert]),
    Row(
      before: "pppppp", stars: "  **", after: "ppAApp", mergeCase: nil, arms: [.insert, .insert]),
    Row(before: "aa", stars: "**", after: "AA", mergeCase: nil, arms: []),
  ]

  @Test(arguments: table)
  func everyCaseTakesItsArm(_ row: Row) throws {
    var space: TreeSpace = try paint(row.before, profile: .linux2_6)
    let survivors = space.vmas()
    let range = Canvas.marked(row.stars)
    if row.before.contains(where: \.isLowercase) {
      try space.mprotect(range.start, length: range.length, prot: rw)
    } else {
      try space.mmap(at: range.start, length: range.length, prot: rw, flags: fixed)
    }
    space.checkInvariants()
    #expect(borders(space) == borders(row.after))
    #expect(merges(space) == (row.mergeCase.map { [$0] } ?? []))
    #expect(arms(space) == row.arms.sorted { $0.rawValue < $1.rawValue })
    let letters = Canvas.runs(row.after).map(\.letter)
    #expect(space.vmas().map(\.flags) == letters.map(Paint.flags))
    // The record that vma_merge returns: prev, but next in cases 3 and 4, and area in case 8.
    let kept = survivors.map(\.handle)
    let found = space.vmas().map(\.handle)
    switch row.mergeCase {
    case .case1, .case6: #expect(found == [kept[0]])
    case .case7, .case8:
      // Area goes in 7; in 8 it is next that goes, and area that becomes what next was.
      let gone = row.mergeCase == .case7 ? 1 : 2
      #expect(found == kept.indices.filter { $0 != gone }.map { kept[$0] })
    case .case2, .case3, .case4, .case5: #expect(found == kept)
    case nil: #expect(kept.allSatisfy { found.contains($0) })
    }
  }

  private func arms(_ space: borrowing TreeSpace) -> [AdjustArm] {
    var list: [AdjustArm] = []
    for arm in AdjustArm.allCases {
      for _ in 0..<space.statistics.adjustments(arm) { list.append(arm) }
    }
    return list
  }

  /// Who gets whose anon_vma: the importer, unless it has one.
  @Test func importers() throws {
    let rows: [(before: String, stars: String, written: String, after: [Bool])] = [
      ("PPaaaa", "  **", "a", [true, true]), ("ppppNN", "  **", "p", [true, true]),
      ("PPaaNN", "  **", "a", [true]), ("PPaaNN", "  **", "N", [true]),
      ("PPaann", "  **", "a", [true, false]), ("ppaaNN", "  **", "N", [false, true]),
      ("ppaaNN", "  **", "a", [false, true]), ("PP NN", "  *", "N", [true]),
      ("PP NN", "  *", "", [false]),
    ]
    for row in rows {
      var space: TreeSpace = try paint(row.before, profile: .linux2_6, written: row.written)
      let range = Canvas.marked(row.stars)
      if row.before.contains(where: \.isLowercase) {
        try space.mprotect(range.start, length: range.length, prot: rw)
      } else {
        try space.mmap(at: range.start, length: range.length, prot: rw, flags: fixed)
      }
      #expect(space.vmas().map { !$0.anonVMA.isNone } == row.after, "\(row)")
    }
  }

  /// The first thing that differs is the reason, in the order in which 2.6 asks.
  @Test func reasonsInTheirOrder() throws {
    struct Difference {
      var policy = PolicyID.default
      var flags = Paint.plain
      var file = FileDescriptionID.none
      var hasCloseHook = false
      var offset: UInt64 = 0
    }
    var neighbour = Difference()
    var expected: [(Difference, MergeRefusal)] = []
    neighbour.offset = 5
    neighbour.file = FileDescriptionID(1)
    neighbour.hasCloseHook = true
    expected.append((neighbour, .file))
    neighbour.flags = Paint.plain.union(.randRead)
    expected.append((neighbour, .flags))
    neighbour.policy = PolicyID(1)
    expected.append((neighbour, .policy))
    for (difference, reason) in expected {
      var space = TreeSpace(profile: .linux2_6)
      try space.install(
        Canvas.range(0..<2), flags: difference.flags, file: difference.file,
        offset: difference.offset, policy: difference.policy,
        hasCloseHook: difference.hasCloseHook, written: true)
      try space.mmap(at: column(2), length: pages(1), prot: rw, flags: fixed)
      #expect(refusals(space) == [reason])
    }
  }

  /// With all else equal it is the hook, then the anon_vma, then the offset.
  @Test func hookThenAnonVMAThenOffset() throws {
    let file = FileDescriptionID(1)
    for (hook, written, reason) in [
      (true, true, MergeRefusal.closeHook), (false, true, .anonVMA), (false, false, .offset),
    ] {
      var space = TreeSpace(profile: .linux2_6)
      let changed = Paint.plain.subtracting(.write)
      try space.install(
        Canvas.range(0..<2), flags: Paint.plain, file: file, offset: 0, hasCloseHook: hook,
        written: written)
      // Two pages further on in the file than the first would lead to.
      try space.install(
        Canvas.range(2..<4), flags: Paint.plain, file: file, offset: pages(4), hasCloseHook: hook,
        written: written)
      try space.mprotect(column(2), length: pages(2), prot: .read)
      #expect(space.vmas().map(\.flags) == [Paint.plain, changed])
      #expect(refusals(space) == [.flags])
      try space.mprotect(column(2), length: pages(2), prot: rw)
      #expect(refusals(space) == [.flags, reason].sorted { $0.rawValue < $1.rawValue })
      #expect(borders(space) == borders("AABB"))
    }
  }

  /// A segment's pieces stay apart for ever; newer kernels let one grow into a part of another.
  @Test func hooksRefuseEveryMerge() throws {
    var space = TreeSpace(profile: .linux2_6)
    try space.shmat(at: column(0), length: pages(6), segment: FileDescriptionID(1))
    try space.mprotect(column(2), length: pages(2), prot: .read)
    try space.mprotect(column(2), length: pages(1), prot: rw)
    #expect(borders(space) == borders("AABCDD"))
    #expect(refusals(space) == [.closeHook])
    #expect(merges(space).isEmpty)
  }

  /// A moved range does not bring its anon_vma to the one that takes it up.
  @Test func movedRangeJoinsUnwritten() throws {
    for profile in [KernelProfile.linux2_6, .linux6] {
      var space = TreeSpace(profile: profile)
      try space.mmap(at: column(2), length: pages(2), prot: rw, flags: fixed)
      space.writeFault(in: Canvas.range(2..<4))
      try space.mremap(
        column(2), oldSize: pages(2), newSize: pages(2), flags: .mayMove | .fixed,
        newAddress: column(8), result: column(8))
      try space.mmap(at: column(0), length: pages(2), prot: rw, flags: fixed)
      try space.mremap(
        column(8), oldSize: pages(2), newSize: pages(2), flags: .mayMove | .fixed,
        newAddress: column(2), result: column(2))
      #expect(borders(space) == borders("AAAA"))
      #expect(space.vmas().map(\.anonVMA.isNone) == [profile == .linux2_6])
    }
  }
}
