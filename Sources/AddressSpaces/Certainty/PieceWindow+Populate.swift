import SyscallABI

extension PieceWindow {
  /// What the call writes by itself.
  mutating func populate(
    _ change: CertainChange, _ inside: Range<Int>, _ old: [CertainPiece], _ range: AddressRange,
    succeeded: Bool
  ) {
    switch change {
    case .other, .locks(populates: false): return
    case .locks(populates: true):
      guard succeeded else { return }
      populate(range) { piece in
        piece.takesPrivateWrites && piece.flags.contains(.locked)
          && !piece.flags.union(piece.doubtfulFlags).contains(.lockOnFault)
      }
    case .access:
      let ranges = inside.filter { isCopied($0, old) }.map { pieces[$0].range }
      for range in ranges { populate(range) }
    }
  }

  /// The pages of a piece are written while the walk has not come to the pieces above.
  mutating func copy(_ index: Int, _ old: [CertainPiece]) {
    let changed = pieces[(index + 1)..<min(index + 3, pieces.count)]
    restore(old[changed.indices])
    for border in [index, index + 1]
    where border > 0 && border < pieces.count && pieces[border].border.state != .apart {
      pieces[border].border.agrees = pieces[border].border.agrees && staysInAgreement(border)
    }
    restore(changed)
    pieces[index].write()
  }

  /// Everything but the borders.
  private mutating func restore(_ others: ArraySlice<CertainPiece>) {
    for index in others.indices {
      let border = pieces[index].border
      pieces[index] = others[index]
      pieces[index].border = border
    }
  }

  /// Locked private memory that becomes writable is copied at once, before the walk goes on.
  func isCopied(_ index: Int, _ old: [CertainPiece]) -> Bool {
    old[index].flags.contains(.locked) && !old[index].isShared
      && !old[index].flags.union(old[index].doubtfulFlags).contains(.write)
      && !pieces[index].flags.union(pieces[index].doubtfulFlags).contains(.lockOnFault)
      && pieces[index].flags.contains(.write)
  }

  /// The kernel itself writes the memory in `range` that satisfies the condition.
  ///
  /// Linux: `populate_vma_page_range`.
  mutating func populate(
    _ range: AddressRange, where condition: (CertainPiece) -> Bool = { $0.takesPrivateWrites }
  ) {
    normalise()
    for index in pieces.indices where pieces[index].range.overlaps(range) {
      guard condition(pieces[index]), pieces[index].anon.contains(.none) else { continue }
      if !pieces[index].mayBeWritten {
        pieces[index].border.agrees = false
        if index + 1 < pieces.count { pieces[index + 1].border.agrees = false }
      }
      pieces[index].write()
    }
  }

  /// Guards were installed in some of the anonymous memory in `range`.
  mutating func writeSome(_ range: AddressRange) {
    normalise()
    for index in pieces.indices where pieces[index].range.overlaps(range) {
      guard pieces[index].isAnonymous, pieces[index].anon.contains(.none) else { continue }
      pieces[index].border.agrees = false
      if index + 1 < pieces.count { pieces[index + 1].border.agrees = false }
      pieces[index].anon.insert(.own)
    }
  }
}
