import SyscallABI

extension PieceWindow {
  /// Carries a walk out over pieces.
  mutating func apply(
    _ change: CertainChange, in range: AddressRange, like vmas: [VMA], succeeded: Bool
  ) {
    cut(at: range.start)
    cut(at: range.end)
    let old = pieces
    let inside = indices(in: range)
    var changed = [Certainty](repeating: .no, count: pieces.count)
    var next = 0
    for index in inside {
      while next < vmas.count && vmas[next].range.end <= pieces[index].start { next += 1 }
      guard next < vmas.count, vmas[next].range.contains(pieces[index].start) else { continue }
      changed[index] = alter(&pieces[index], change, like: vmas[next], succeeded: succeeded)
    }
    let borders = inside.lowerBound..<min(inside.upperBound + 1, pieces.count)
    var tried: [Int] = []
    for index in borders where index > 0 && pieces[index].border.state != .apart {
      if case .access = change, isCopied(index - 1, old) { copy(index - 1, old) }
      let isInside = inside.contains(index) && inside.contains(index - 1)
      var change = changed[index].union(.no)
      if !isInside { change = inside.contains(index) ? changed[index] : changed[index - 1] }
      if moveBorder(index, old, changed, isInside: isInside, sideChanged: change) {
        tried.append(index)
        carryUp(across: index, reach: index)
      }
    }
    // Beyond it only now: the borders above were still those from before the call.
    for index in tried { carryUp(across: index) }
    for index in tried.reversed() { carryDown(across: index) }
    populate(change, inside, old, range, succeeded: succeeded)
  }

  /// What becomes of the border below piece `index`.
  ///
  /// Returns whether a merge may have been made across it.
  private mutating func moveBorder(
    _ index: Int, _ old: [CertainPiece], _ changed: [Certainty], isInside: Bool,
    sideChanged: Certainty
  ) -> Bool {
    let border = pieces[index].border
    let (lower, upper) = (changed[index - 1], changed[index])
    if lower == .no && upper == .no { return false }
    var (mayBeAbsent, mayBePresent) = (false, false)
    var doubt = border.doubt
    if border.mayBeAbsent {
      // One VMA: both sides become the same, or the range is cut off.
      if isInside || sideChanged != .yes { mayBeAbsent = true }
      if !isInside && sideChanged != .no {
        mayBePresent = true
        if border.state == .absent { doubt = .flags }
      }
    }
    var merge: Judgement?
    if border.mayBePresent {
      if lower != .yes && upper != .yes { mayBePresent = true }
      if upper != .no {
        // The upper VMA changes after the lower one, and looks at what that has become.
        merge = tryMerge(
          source: anonBefore(index, old), target: pieces[index - 1], agrees: border.agrees)
      }
      if lower != .no && upper != .yes {
        let before = mergeUp(index, old, agrees: border.agrees)
        merge = merge.map { $0.certainty == before.certainty ? $0 : .maybe(before.doubt) } ?? before
      }
      if let merge {
        if merge.certainty != .no { mayBeAbsent = true }
        if merge.certainty != .yes { mayBePresent = true }
        if merge.certainty == .maybe && border.state == .present { doubt = merge.doubt }
      }
    }
    let mayHaveMerged = (merge?.certainty ?? .no) != .no
    switch (mayBeAbsent, mayBePresent) {
    case (true, true): pieces[index].border = Border(state: .maybe, doubt: doubt)
    case (true, false): pieces[index].border.state = .absent
    case (false, _): pieces[index].border.state = .present
    }
    pieces[index].border.agrees = border.agrees
    return mayHaveMerged
  }

  /// The piece as it is now, with the anon_vma that it had before the call.
  private func anonBefore(_ index: Int, _ old: [CertainPiece]) -> CertainPiece {
    var piece = pieces[index]
    piece.anon = old[index].anon
    return piece
  }

  /// The lower VMA changes and tries to join the upper one, which stays as it is.
  private func mergeUp(_ index: Int, _ old: [CertainPiece], agrees: Bool) -> Judgement {
    let source = anonBefore(index - 1, old)
    let merge = tryMerge(source: source, target: old[index], agrees: agrees)
    if merge.certainty == .yes && index >= 2 && pieces[index - 1].border.mayBeAbsent
      && pieces[index - 2].end == source.start && mayConflict(pieces[index - 2], source, old[index])
    {
      return .maybe(.written)
    }
    return merge
  }

  /// Makes a piece what the call makes of it; returns whether that is a change.
  private func alter(
    _ piece: inout CertainPiece, _ change: CertainChange, like vma: VMA, succeeded: Bool
  ) -> Certainty {
    let before = piece
    let flags = change.flags
    let differing = piece.flags.symmetricDifference(vma.flags).subtracting(piece.doubtfulFlags)
    var changed = differing.intersection(flags).isEmpty ? Certainty.no : .yes
    if piece.policy != vma.policy || piece.name != vma.name { changed = .yes }
    let doubtful = piece.doubtfulFlags.intersection(flags)
    if changed == .no && !doubtful.isEmpty { changed = .maybe }
    if changed == .no { return .no }
    piece.flags.subtract(flags)
    piece.flags.formUnion(vma.flags.intersection(flags).subtracting(piece.doubtfulFlags))
    piece.policy = vma.policy
    piece.name = vma.name
    switch change {
    case .access:
      if succeeded {
        piece.doubtfulFlags.subtract(flags)
        piece.flags.formUnion(vma.flags.intersection(flags))
      }
      charge(&piece, before: before)
      if changed == .maybe || !doubtful.isEmpty { doubt(.account, &piece) }
    case .locks:
      let never: VMAFlags = .special.union([.hugeTLB, .droppable])
      if succeeded && piece.flags.union(piece.doubtfulFlags).isDisjoint(with: never) {
        piece.doubtfulFlags.subtract(flags)
        piece.flags.formUnion(vma.flags.intersection(flags))
      }
    case .other: break
    }
    return changed
  }

  /// VM_ACCOUNT after a change of access.
  ///
  /// Linux: `mprotect_fixup`.
  private func charge(_ piece: inout CertainPiece, before: CertainPiece) {
    if piece.flags.contains(.write) {
      let exempt: VMAFlags = [.write, .hugeTLB, .shared, .noReserve]
      if !before.flags.isDisjoint(with: exempt) || piece.isShared { return }
      if before.doubtfulFlags.isDisjoint(with: exempt) {
        piece.doubtfulFlags.remove(.account)
        piece.flags.insert(.account)
      } else {
        doubt(.account, &piece)
      }
    } else if piece.isAnonymous && profile.follows(.accountDropped) {
      if piece.anon.isSurelySome { return }
      if piece.anon.isSurelyNone {
        piece.flags.remove(.account)
        piece.doubtfulFlags.remove(.account)
      } else if piece.flags.contains(.account) {
        doubt(.account, &piece)
      }
    }
  }

  private func doubt(_ flags: VMAFlags, _ piece: inout CertainPiece) {
    piece.flags.subtract(flags)
    piece.doubtfulFlags.formUnion(flags)
  }
}
