public import SyscallABI

extension CertainAddressSpace {
  /// A mapping was made at `range`, in place of what was there.
  ///
  /// - Parameters:
  ///   - hasFileOfItsOwn: no other mapping can be of the same file (shared anonymous memory, SysV
  ///     segments).
  ///   - knowsSharing: whether a shared mapping may be written is known.
  ///   - populates: MAP_POPULATE.
  ///   - space: after the same call.
  /// - Complexity: O(log *n* + pieces replaced).
  public mutating func mmap<Index: VMAIndex & ~Copyable>(
    _ range: AddressRange, hasFileOfItsOwn: Bool, knowsSharing: Bool, populates: Bool,
    after space: borrowing AddressSpace<Index>
  ) {
    guard let vma = space.vmaContaining(range.start) else { return resync(range, with: space) }
    var piece = newPiece(range, like: vma)
    piece.hasFileOfItsOwn = hasFileOfItsOwn
    if !knowsSharing && vma.file != .none && vma.flags.contains(.mayShare) {
      piece.doubtfulFlags = [.shared, .mayWrite]
      piece.flags.subtract(piece.doubtfulFlags)
    }
    edit(range) { window in
      window.remove(range)
      window.insert(piece)
      if populates || vma.flags.contains(.locked) { window.populate(range) }
    }
    check(range, with: space)
  }

  /// A range was unmapped.
  public mutating func munmap<Index: VMAIndex & ~Copyable>(
    _ range: AddressRange, after space: borrowing AddressSpace<Index>
  ) {
    edit(range) { $0.remove(range) }
    check(range, with: space)
  }

  /// The heap grew or shrank from one page to another.
  ///
  /// Linux: `do_brk_flags`.
  public mutating func moveBreak<Index: VMAIndex & ~Copyable>(
    from old: Address, to new: Address, after space: borrowing AddressSpace<Index>
  ) {
    if new < old { return munmap(AddressRange(new, old), after: space) }
    if new == old { return }
    let range = AddressRange(old, new)
    guard let vma = space.vmaContaining(old), vma.file == .none else {
      return resync(range, with: space)
    }
    var piece = newPiece(range, like: vma)
    piece.linear = OffsetPossibilities(0)
    var kind = PieceWindow.Kind.newMapping
    if profile.follows(.brkOnlyExpands) {
      kind = old <= space.layout.startBrk ? .alone : .heapGrowth
    }
    edit(range) { window in
      window.remove(range)
      window.insert(piece, kind: kind)
      if vma.flags.contains(.locked) { window.populate(range) }
    }
    check(range, with: space)
  }

  /// A piece that was mapped just now, with the attributes of the VMA that a run has there.
  mutating func newPiece(_ range: AddressRange, like vma: VMA) -> CertainPiece {
    nextMapping &+= 1
    let linear = vma.pageOffset.rawValue &- vma.range.start.pageNumber
    return CertainPiece(
      range: range, flags: vma.flags,
      linear: OffsetPossibilities(vma.isAnonymous ? 0 : linear), file: vma.file,
      mapping: nextMapping, policy: vma.policy, name: vma.name, userfault: vma.userfault,
      hasCloseHook: vma.hasCloseHook)
  }

  /// Believes the other reading where the mapped pages are not those that a call should leave.
  ///
  /// - Complexity: O(log *n* + VMAs and pieces in the range).
  public mutating func check<Index: VMAIndex & ~Copyable>(
    _ range: AddressRange, with space: borrowing AddressSpace<Index>
  ) {
    if !hasLayout(of: space, in: range) { resync(range, with: space) }
  }
}
