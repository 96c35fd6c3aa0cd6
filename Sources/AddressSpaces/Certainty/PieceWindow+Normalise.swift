import SyscallABI

extension PieceWindow {
  /// Joins what is one piece, and closes over what a program may write before its next call.
  mutating func normalise() {
    fuse()
    for index in pieces.indices { pieces[index].settle() }
    for index in pieces.indices.dropFirst() {
      if pieces[index].border.state == .maybe
        && pieces[index].isLike(pieces[index - 1]).certainty == .no
      {
        pieces[index].border.state = .present
      }
    }
    spread()
    reviseAgreement()
  }

  /// Pieces with no border between them become one.
  private mutating func fuse() {
    guard pieces.contains(where: { $0.border.state == .absent }) else { return }
    var fused: [CertainPiece] = []
    fused.reserveCapacity(pieces.count)
    for piece in pieces {
      guard piece.border.state == .absent, let lower = fused.last else {
        fused.append(piece)
        continue
      }
      var whole = lower
      whole.range.end = piece.range.end
      whole.anon = lower.anon.merged(with: piece.anon)
      if whole.identity == 0 { whole.identity = piece.identity }
      fused[fused.count - 1] = whole
    }
    pieces = fused
  }

  /// Across a border that may not be there, what is written below may be written above.
  private mutating func spread() {
    for index in pieces.indices.dropFirst() where pieces[index].border.state == .maybe {
      if pieces[index - 1].anon.contains(.own) && pieces[index].anon.mayBecomeOwn {
        carryUp(across: index)
      }
    }
    for index in pieces.indices.dropFirst().reversed()
    where pieces[index].border.state == .maybe {
      if pieces[index].anon.contains(.own) && pieces[index - 1].anon.mayBecomeOwn {
        carryDown(across: index)
      }
    }
  }

  /// Whether anon_vmas still agree across each border, whatever is written first before the next
  /// call.
  private mutating func reviseAgreement() {
    let end = reachesEnd ? pieces.count : max(pieces.count - 1, 0)
    for index in pieces.indices.dropFirst() where index < end {
      guard pieces[index].border.state == .maybe || pieces[index].border.state == .present
      else { continue }
      let agrees =
        pieces[index].border.agrees || pieces[index - 1].surelyAgrees(with: pieces[index])
      pieces[index].border.agrees = agrees && staysInAgreement(index)
    }
  }

  /// Whether the anon_vmas at both sides of the border below a piece agree also after first writes.
  func staysInAgreement(_ index: Int) -> Bool {
    let lower = pieces[index - 1]
    let upper = pieces[index]
    if !lower.mayBeWrittenFirst && !upper.mayBeWrittenFirst { return true }
    let adopts = lower.adopts(from: upper) == .yes
    // The lower one asks the upper one first.
    if lower.mayBeWrittenFirst && !adopts {
      if !upper.anon.isSurelyNone || upper.mayBeWrittenFirst { return false }
    }
    guard upper.mayBeWrittenFirst, !lower.anon.isSurelyNone || lower.mayBeWrittenFirst
    else { return true }
    // The upper one asks what lies above it before it asks the lower one.
    guard adopts else { return false }
    guard index + 1 < pieces.count, pieces[index + 1].border.state != .apart else { return true }
    let above = pieces[index + 1]
    if above.border.state != .present { return false }
    if upper.adopts(from: above) == .no { return true }
    return above.anon.isSurelyNone && !above.mayBeWrittenFirst
  }
}
