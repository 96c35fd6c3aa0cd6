public import SyscallABI

extension CertainAddressSpace {
  /// MREMAP_DONTUNMAP unlocks the whole VMA of what was moved: all pieces that may be of one VMA
  /// with those in `range` may be locked no longer.
  ///
  /// - Returns: how many they are.
  /// - Complexity: O(log *n* + pieces).
  @discardableResult
  mutating func doubtLocks(around range: AddressRange) -> Int {
    var position = list.first(endingAtOrAbove: range.start &+ 1)
    guard position != list.end, list[position].start < range.end else { return 0 }
    while position > list.start, list[position].border.mayBeAbsent {
      position = list.before(position)
    }
    var count = 0
    while position != list.end,
      list[position].start < range.end || list[position].border.mayBeAbsent
    {
      list[position].doubtLocks()
      count += 1
      position = list.after(position)
    }
    return count
  }

  /// A call that would have moved memory was refused, maybe after some of it had moved: then each
  /// border of the source may have come to the target.
  ///
  /// - Parameters:
  ///   - size: in bytes.
  ///   - target: where it would have been moved.
  ///   - leaves: MREMAP_DONTUNMAP, which does not show in what is mapped at the source.
  ///   - space: after the same call.
  /// - Complexity: O(log *n* + pieces in both ranges).
  ///
  /// Linux: `remap_move` (6.17).
  public mutating func refuseMove<Index: VMAIndex & ~Copyable>(
    _ address: Address, size: UInt64, target: Address, leaves: Bool,
    after space: borrowing AddressSpace<Index>
  ) {
    guard let size = Page.align(size), address.isPageAligned, target.isPageAligned,
      address &+ size > address, target &+ size > target
    else { return }
    let source = AddressRange(address, address &+ size)
    let copies = AddressRange(target, target &+ size)
    let isStill = hasLayout(of: space, in: source) && hasLayout(of: space, in: copies)
    // One that stays shows nothing only where something else was at the target before.
    if isStill {
      guard leaves, piece(at: address) != nil, !isOnePiece(source), piece(at: target) != nil
      else { return }
    }
    let edges = edges(in: source).map { target &+ ($0 &- address) }
    resync(source, with: space)
    resync(copies, with: space, edges: edges)
  }
}
