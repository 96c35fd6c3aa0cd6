import SyscallABI

extension CertainAddressSpace {
  /// The address space of a child process.
  ///
  /// - Complexity: O(*n*).
  ///
  /// Linux: `dup_mmap`, `anon_vma_fork`.
  public func forked() -> CertainAddressSpace {
    var pieces: [CertainPiece] = []
    pieces.reserveCapacity(list.count)
    var lastEnd: Address?
    list.visit { piece in
      if piece.flags.contains(.dontCopy) { return }
      var inherited = piece
      inherited.flags.subtract([.locked, .lockOnFault])
      inherited.doubtfulFlags.subtract([.locked, .lockOnFault])
      if lastEnd != piece.start { inherited.border = .apart }
      lastEnd = piece.end
      inherit(&inherited)
      pieces.append(inherited)
    }
    var window = PieceWindow(
      pieces: pieces, profile: profile, nextIdentity: nextIdentity, reachesEnd: true)
    window.normalise()
    var space = CertainAddressSpace(profile: profile)
    space.nextIdentity = window.nextIdentity
    space.nextMapping = nextMapping
    space.list.replace(space.list.start, space.list.end, with: window.pieces)
    return space
  }

  /// Every written VMA gets an anon_vma of its own, even if two had the same.
  private func inherit(_ piece: inout CertainPiece) {
    let forks = profile.follows(.ownAnonVMAInChild)
    if forks && profile.follows(.forkChildStaysApart) && piece.anon.contains(.own) {
      piece.anon.remove(.own)
      piece.anon.insert(.inherited)
    }
    if piece.flags.contains(.wipeOnFork) {
      piece.anon = .none
    } else if piece.doubtfulFlags.contains(.wipeOnFork) {
      piece.anon.insert(.none)
    }
    if forks || !piece.flags.union(piece.doubtfulFlags).isDisjoint(with: .wipeOnFork) {
      piece.identity = 0
      piece.border.agrees = false
    }
  }
}
