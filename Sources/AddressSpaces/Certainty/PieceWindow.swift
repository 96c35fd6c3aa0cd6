import SyscallABI

/// The pieces around the range of a call, while they change.
///
/// Advice for whoever changes this: whatever is done here must leave every run possible that was
/// possible. Two runs may differ at any border that is `maybe`; what acts on a whole VMA then acts
/// on all pieces up to the next `present` border in some runs.
struct PieceWindow {
  var pieces: [CertainPiece]
  let profile: KernelProfile
  var nextIdentity: UInt32
  /// There is nothing above.
  let reachesEnd: Bool

  /// The pieces that lie inside `range`, which starts and ends where pieces do.
  func indices(in range: AddressRange) -> Range<Int> {
    let first = pieces.firstIndex { $0.start >= range.start } ?? pieces.count
    let last = pieces[first...].firstIndex { $0.start >= range.end } ?? pieces.count
    return first..<last
  }

  /// Makes a piece end at `address`, if one reaches across.
  mutating func cut(at address: Address) {
    guard let index = pieces.firstIndex(where: { $0.start < address && address < $0.end })
    else { return }
    if pieces[index].anon.isSurelySome && pieces[index].identity == 0 {
      pieces[index].identity = newIdentity()
    }
    var upper = pieces[index]
    pieces[index].range.end = address
    upper.range.start = address
    upper.border = .absent
    pieces.insert(upper, at: index + 1)
  }

  mutating func newIdentity() -> UInt32 {
    nextIdentity &+= 1
    return nextIdentity
  }

  /// Unmaps a range.
  mutating func remove(_ range: AddressRange) {
    cut(at: range.start)
    cut(at: range.end)
    let gone = indices(in: range)
    pieces.removeSubrange(gone)
    if gone.lowerBound < pieces.count { pieces[gone.lowerBound].border = .apart }
  }

  /// How a new range is treated by the kernel.
  enum Kind {
    case newMapping
    /// Only the VMA below may take it.
    case heapGrowth
    /// It stays by itself.
    case alone
  }

  /// Maps a range where nothing is, and merges it with its neighbours where that is so.
  ///
  /// Linux: `vma_merge_new_range`.
  mutating func insert(_ piece: CertainPiece, kind: Kind = .newMapping) {
    let index = pieces.firstIndex { $0.start >= piece.end } ?? pieces.count
    pieces.insert(piece, at: index)
    let touchesLower = index > 0 && pieces[index - 1].end == piece.start
    let touchesUpper = index + 1 < pieces.count && pieces[index + 1].start == piece.end
    pieces[index].border = .apart
    if touchesLower {
      let merge = kind == .alone ? .no : tryMerge(source: piece, target: pieces[index - 1])
      pieces[index].border = Border(afterTry: merge)
    }
    if touchesUpper {
      var merge = Judgement.no
      if kind == .newMapping { merge = tryMerge(source: piece, target: pieces[index + 1]) }
      if touchesLower && pieces[index].border.mayBeAbsent && merge.certainty == .yes
        && mayConflict(pieces[index - 1], piece, pieces[index + 1])
      {
        merge = .maybe(.written)
      }
      pieces[index + 1].border = Border(afterTry: merge)
    }
    if touchesLower { carryUp(across: index) }
    if touchesUpper { carryUp(across: index + 1) }
    if touchesUpper { carryDown(across: index + 1) }
    if touchesLower { carryDown(across: index) }
  }

  typealias Border = CertainPiece.Border

  func tryMerge(
    source: CertainPiece, target: CertainPiece, agrees: Bool = false, asksFork: Bool = true
  ) -> Judgement {
    source.isLike(target).and(
      Judgement(
        certainty: source.anonFits(
          asSourceFor: target, agrees: agrees, asksFork: asksFork, profile),
        doubt: .written))
  }

  /// Whether the neighbours of a piece that may join either may not join each other.
  func mayConflict(_ lower: CertainPiece, _ middle: CertainPiece, _ upper: CertainPiece) -> Bool {
    guard middle.anon.contains(.none), !lower.anon.isDisjoint(with: .some),
      !upper.anon.isDisjoint(with: .some)
    else { return false }
    return lower.identity == 0 || lower.identity != upper.identity
  }

  /// After a merge was tried below piece `index`: it may have taken an anon_vma over, and with it
  /// all pieces above that may be the same VMA.
  ///
  /// - Parameters:
  ///   - kinds: what may be taken over; from a parent only where a mapping grows.
  ///   - reach: the last piece that may take it over.
  mutating func carryUp(
    across index: Int, _ kinds: AnonPossibilities = .own, reach: Int = .max
  ) {
    var index = index
    while index < pieces.count, index <= reach, pieces[index].border.mayBeAbsent,
      pieces[index].anon.contains(.none), !pieces[index - 1].anon.isDisjoint(with: .some)
    {
      pieces[index].anon.formUnion(pieces[index - 1].anon.intersection(kinds))
      index += 1
      if index < pieces.count { pieces[index].border.agrees = false }
    }
  }

  /// The same for the pieces below it.
  mutating func carryDown(across index: Int) {
    var index = index
    while index > 0, pieces[index].border.mayBeAbsent, pieces[index - 1].anon.contains(.none),
      !pieces[index].anon.isDisjoint(with: .some)
    {
      pieces[index - 1].anon.formUnion(pieces[index].anon.intersection(.own))
      index -= 1
      pieces[index].border.agrees = false
    }
  }
}
