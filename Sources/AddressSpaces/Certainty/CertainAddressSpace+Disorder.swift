public import SyscallABI

extension CertainAddressSpace {
  /// Takes the mapped pages of `range` from the other reading, and holds everything for possible
  /// that depends on more: for calls that failed on their way and for disagreements.
  ///
  /// - Parameter edges: where VMAs may end too, beside where pieces do.
  /// - Complexity: O(log *n* + VMAs and pieces in the range).
  public mutating func resync<Index: VMAIndex & ~Copyable>(
    _ range: AddressRange, with space: borrowing AddressSpace<Index>, edges others: [Address] = []
  ) {
    guard !range.isEmpty else { return }
    let edges = (edges(in: range) + others).sorted()
    var parts: [(range: AddressRange, vma: VMA)] = []
    space.forEachVMA(in: range) { vma in
      guard var part = vma.range.intersection(range) else { return }
      for edge in edges where part.start < edge && edge < part.end {
        parts.append((AddressRange(part.start, edge), vma))
        part.start = edge
      }
      parts.append((part, vma))
    }
    var fresh = parts.map { newPiece($0.range, like: $0.vma) }
    for index in fresh.indices {
      fresh[index].doubtfulFlags = [.account, .locked, .lockOnFault]
      fresh[index].flags.subtract(fresh[index].doubtfulFlags)
      if fresh[index].isAnonymous { fresh[index].linear = .any }
      if !fresh[index].isShared { fresh[index].anon = [.none, .own, .inherited] }
    }
    edit(range) { window in
      window.remove(range)
      for piece in fresh { window.insert(piece, kind: .alone) }
      for index in window.pieces.indices.dropFirst()
      where window.pieces[index].start >= range.start && window.pieces[index].start <= range.end {
        window.blur(index, .refusal)
      }
    }
  }

  /// Calls that overlap in the log changed `range`: their order is not known.
  ///
  /// - Parameters:
  ///   - edges: where in it VMAs may have ended meanwhile.
  ///   - flags: what the calls may have set.
  ///   - moves: an mremap is among them.
  ///   - meets: they are about the same pages, not only about neighbours.
  public mutating func disorder(
    _ range: AddressRange, edges: [Address], flags: VMAFlags, moves: Bool, meets: Bool
  ) {
    blur(range, edges: edges, flags: flags, moves: moves, mayWrite: meets, .order)
  }

  /// A call was refused, and it is not known how far it came.
  ///
  /// - Parameter change: what the call would have changed.
  public mutating func refuse(_ range: AddressRange, _ change: CertainChange) {
    let isOnePiece = piece(at: range.start).map { $0.end >= range.end } ?? false
    // Within one VMA nothing is changed before both cuts are made.
    let flags = isOnePiece ? [] : change.flags.union(.account)
    blur(
      range, edges: [range.start, range.end], flags: flags, moves: false, mayWrite: true, .refusal)
  }

  /// A refused call may have cut a VMA at `address`, as it did in the other reading.
  public mutating func refuse<Index: VMAIndex & ~Copyable>(
    cutAt address: Address, after space: borrowing AddressSpace<Index>
  ) {
    guard let vma = space.vmaContaining(address), vma.range.start == address,
      let piece = piece(at: address), piece.start < address
    else { return }
    let range = AddressRange(address, address)
    blur(range, edges: [address], flags: [], moves: false, mayWrite: true, .refusal)
  }

  /// Segments were detached.
  public mutating func shmdt<Index: VMAIndex & ~Copyable>(
    after space: borrowing AddressSpace<Index>
  ) {
    var gone: [AddressRange] = []
    list.visit { piece in
      if piece.hasCloseHook && space.vmaContaining(piece.start) == nil { gone.append(piece.range) }
    }
    for range in gone { munmap(range, after: space) }
  }

  private mutating func blur(
    _ range: AddressRange, edges: [Address], flags: VMAFlags, moves: Bool, mayWrite: Bool,
    _ doubt: Doubt
  ) {
    edit(range) { window in
      for edge in edges { window.cut(at: edge) }
      for index in window.pieces.indices where window.pieces[index].range.overlaps(range) {
        window.pieces[index].flags.subtract(flags)
        window.pieces[index].doubtfulFlags.formUnion(flags)
        if !window.pieces[index].isShared {
          // What nobody could write in between was not written in another order either.
          if mayWrite || window.pieces[index].mayBeWritten
            || !window.pieces[index].anon.isSurelyNone
          {
            window.pieces[index].anon.formUnion([.none, .own])
          }
          window.pieces[index].identity = 0
        }
        if moves && window.pieces[index].isAnonymous { window.pieces[index].linear = .any }
      }
      for index in window.pieces.indices.dropFirst()
      where window.pieces[index].start >= range.start && window.pieces[index].start <= range.end {
        window.blur(index, doubt)
      }
    }
  }

  /// Where pieces end in a range, its own ends among them.
  public func edges(in range: AddressRange) -> [Address] {
    var edges = [range.start, range.end]
    var position = list.first(endingAtOrAbove: range.start)
    while position != list.end, list[position].start <= range.end {
      let piece = list[position]
      if piece.start > range.start { edges.append(piece.start) }
      if piece.end < range.end { edges.append(piece.end) }
      position = list.after(position)
    }
    return edges
  }
}

extension PieceWindow {
  /// The border below a piece may be there or not.
  fileprivate mutating func blur(_ index: Int, _ doubt: Doubt) {
    guard pieces[index - 1].end == pieces[index].start else { return }
    let isApart = pieces[index].isLike(pieces[index - 1]).certainty == .no
    pieces[index].border = Border(state: isApart ? .present : .maybe, doubt: doubt)
  }
}
