import SyscallABI

extension PieceWindow {
  /// The border below piece `index` is known to be absent: both pieces are what both can be.
  mutating func narrow(across index: Int) {
    let (lower, upper) = (pieces[index - 1], pieces[index])
    var both = lower
    both.flags = lower.flags.union(upper.flags)
    both.doubtfulFlags = lower.doubtfulFlags.intersection(upper.doubtfulFlags)
    both.linear = lower.linear.narrowed(by: upper.linear)
    let anon = lower.anon.intersection(upper.anon)
    both.anon = anon.isEmpty ? lower.anon.union(upper.anon) : anon
    if both.identity == 0 { both.identity = upper.identity }
    let below = pieces[index - 1].border
    pieces[index - 1] = both
    pieces[index - 1].range = lower.range
    pieces[index - 1].border = below
    both.range = upper.range
    both.border = .absent
    pieces[index] = both
  }

  /// The source of a move with MREMAP_DONTUNMAP stays: it is no longer locked, and if it is a whole
  /// VMA, it is as if never written.
  ///
  /// - Parameter isWhole: no other piece may be of the same VMA.
  ///
  /// Linux: `dontunmap_complete`.
  mutating func leave(_ range: AddressRange, isWhole: Bool) {
    guard let index = pieces.firstIndex(where: { $0.range.contains(range.start) }) else { return }
    pieces[index].flags.subtract(.locks)
    pieces[index].doubtfulFlags.subtract(.locks)
    guard pieces[index].range == range else { return }
    pieces[index].border.agrees = false
    if index + 1 < pieces.count { pieces[index + 1].border.agrees = false }
    if isWhole { pieces[index].anon = .none } else { pieces[index].anon.insert(.none) }
    pieces[index].identity = 0
  }

  /// The same for a range of several VMAs.
  mutating func leaveSeveral(_ range: AddressRange) {
    let inside = indices(in: range)
    for index in inside {
      pieces[index].doubtLocks()
      if !pieces[index].isShared { pieces[index].anon.insert(.none) }
      pieces[index].identity = 0
      pieces[index].border.agrees = false
    }
    if inside.upperBound < pieces.count { pieces[inside.upperBound].border.agrees = false }
  }
}

extension CertainPiece {
  /// Where it is locked, it may be so no longer.
  mutating func doubtLocks() {
    let locked = flags.intersection(.locks)
    flags.subtract(locked)
    doubtfulFlags.formUnion(locked)
  }
}

extension VMAFlags {
  fileprivate static let locks: VMAFlags = [.locked, .lockOnFault]
}
