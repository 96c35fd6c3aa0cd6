public import SyscallABI

extension CertainAddressSpace {
  /// Memory was grown, shrunk, moved or duplicated.
  ///
  /// - Parameters:
  ///   - flags, address, oldSize, newSize: of the call, sizes in bytes.
  ///   - result: the address that the call returned.
  ///   - space: after the same call.
  /// - Complexity: O(log *n* + pieces in both ranges).
  public mutating func mremap<Index: VMAIndex & ~Copyable>(
    _ address: Address, oldSize: UInt64, newSize: UInt64, flags: RemapFlags, result: Address,
    after space: borrowing AddressSpace<Index>
  ) {
    guard let oldSize = Page.align(oldSize), let newSize = Page.align(newSize), newSize > 0,
      address.isPageAligned, result.isPageAligned, address &+ oldSize >= address,
      result &+ newSize > result
    else { return }
    let request = RemapRequest(
      address: address, oldSize: oldSize, newSize: newSize, flags: flags, target: result)
    if !remap(request) {
      if oldSize > 0 { resync(AddressRange(address, address &+ oldSize), with: space) }
      resync(request.targetRange, with: space)
    }
    if oldSize > 0 { check(AddressRange(address, address &+ oldSize), with: space) }
    check(request.targetRange, with: space)
  }

  /// - Returns: false if the pages are not as they must have been.
  private mutating func remap(_ request: RemapRequest) -> Bool {
    let source = AddressRange(request.address, request.address &+ request.oldSize)
    let kept = AddressRange(
      request.address, request.address &+ min(request.oldSize, request.newSize))
    let moves = request.target != request.address || request.impliesTarget
    if request.onlyMoves && profile.follows(.multiVMARemap) && !isOnePiece(kept) {
      return moveSeveral(request)
    }
    if moves { edit(request.targetRange) { $0.remove(request.targetRange) } }
    if request.newSize < request.oldSize {
      let tail = AddressRange(kept.end, source.end)
      edit(tail) { $0.remove(tail) }
    }
    if kept.length > 0 { narrowToOneVMA(kept) }
    guard let piece = piece(at: request.address), piece.range.end >= kept.end else { return false }
    if moves {
      move(request, piece, kept)
    } else if request.newSize > request.oldSize {
      grow(AddressRange(source.end, request.targetRange.end))
    }
    return true
  }

  /// The piece that contains an address.
  func piece(at address: Address) -> CertainPiece? {
    let position = list.first(endingAtOrAbove: address &+ 1)
    guard position != list.end, list[position].range.contains(address) else { return nil }
    return list[position]
  }

  func isOnePiece(_ range: AddressRange) -> Bool {
    piece(at: range.start).map { $0.end >= range.end } ?? false
  }

  /// Only a range inside one VMA can be grown or moved: the recorded success says that it was one.
  private mutating func narrowToOneVMA(_ range: AddressRange) {
    guard !isOnePiece(range) else { return }
    edit(range) { window in
      for index in window.pieces.indices.dropFirst()
      where window.pieces[index].start > range.start && window.pieces[index].start < range.end {
        if window.pieces[index].border.state == .maybe { window.narrow(across: index) }
      }
    }
  }

  /// ```
  /// VVVV**NN   =>   VVVVVVVV  or  VVVVVVNN
  /// ```
  ///
  /// Linux: `vma_merge_extend`.
  private mutating func grow(_ growth: AddressRange) {
    edit(AddressRange(growth.start &- Page.size, growth.end)) { window in
      window.remove(growth)
      guard let index = window.pieces.firstIndex(where: { $0.end == growth.start }) else { return }
      let before = window.pieces[index]
      window.pieces[index].range.end = growth.end
      if index + 1 < window.pieces.count && window.pieces[index + 1].start == growth.end {
        var merge = Judgement.no
        if window.profile.follows(.remapGrowthJoinsNext) {
          merge = window.tryMerge(
            source: before, target: window.pieces[index + 1], asksFork: false)
        }
        window.pieces[index + 1].border = .init(afterTry: merge)
        window.carryUp(across: index + 1, .some)
        window.carryDown(across: index + 1)
      }
      if before.flags.contains(.locked) {
        window.populate(growth) {
          $0.takesPrivateWrites && !$0.flags.union($0.doubtfulFlags).contains(.lockOnFault)
        }
      }
    }
  }

  /// Linux: `copy_vma`, then `do_munmap` or `dontunmap_complete`.
  private mutating func move(_ request: RemapRequest, _ source: CertainPiece, _ kept: AddressRange)
  {
    var copy = source
    if source.anon.isSurelySome && source.identity == 0 {
      let identity = nextIdentity &+ 1
      nextIdentity = identity
      copy.identity = identity
      edit(kept) { window in
        guard let index = window.pieces.firstIndex(where: { $0.range.contains(kept.start) })
        else { return }
        window.pieces[index].identity = identity
      }
    }
    if !profile.follows(.forkChildStaysApart) {
      // What it joins may not learn of its anon_vma.
      copy.anon.insert(.none)
      copy.identity = 0
    }
    copy.range = request.targetRange
    copy.linear = Self.movedOffset(source, to: request.target &- request.address)
    edit(copy.range) { $0.insert(copy) }
    if request.flags.contains(.dontUnmap) {
      let isWhole = doubtLocks(around: kept) == 1
      edit(kept) { $0.leave(kept, isWhole: isWhole) }
    } else if request.oldSize > 0 {
      edit(kept) { $0.remove(kept) }
    }
    if request.newSize > request.oldSize && source.flags.contains(.locked) {
      let new = AddressRange(request.target &+ request.oldSize, copy.range.end)
      edit(new) { window in
        window.populate(new) {
          $0.takesPrivateWrites && !$0.flags.union($0.doubtfulFlags).contains(.lockOnFault)
        }
      }
    }
  }

  /// What was never written may as well have been made at the target.
  private static func movedOffset(
    _ piece: CertainPiece, to distance: UInt64
  ) -> OffsetPossibilities {
    let signed = Int64(bitPattern: distance) >> Int64(Page.shift)
    let moved = piece.linear.moved(by: UInt64(bitPattern: signed))
    guard piece.isAnonymous, piece.anon.contains(.none) else { return moved }
    let zero = OffsetPossibilities(0)
    return piece.anon.isSurelyNone ? zero : moved.union(zero)
  }

  /// Each VMA moves by itself; gaps keep their width, and what lies under them at the target.
  ///
  /// Linux: `remap_move` (6.17).
  private mutating func moveSeveral(_ request: RemapRequest) -> Bool {
    let source = AddressRange(request.address, request.address &+ request.oldSize)
    let distance = request.target &- request.address
    for range in mapped(in: source) {
      let place = AddressRange(range.start &+ distance, range.end &+ distance)
      edit(place) { $0.remove(place) }
    }
    var moved: [CertainPiece] = []
    edit(source) { window in
      window.cut(at: source.start)
      window.cut(at: source.end)
      moved = window.indices(in: source).map { window.pieces[$0] }
      if request.flags.contains(.dontUnmap) {
        window.leaveSeveral(source)
      } else {
        window.remove(source)
      }
    }
    // A copy that was made before may have become one VMA with it, and have handed its anon_vma on.
    let meets = request.targetRange.end == source.start || request.targetRange.start == source.end
    for index in moved.indices {
      if meets && moved[index].anon.mayBecomeOwn { moved[index].anon.insert(.own) }
      moved[index].linear = Self.movedOffset(moved[index], to: distance)
      let range = moved[index].range
      moved[index].range = AddressRange(range.start &+ distance, range.end &+ distance)
      // On its way it may have joined what was at the target.
      if moved[index].anon.mayBecomeOwn { moved[index].anon.insert(.own) }
    }
    edit(request.targetRange) { window in
      for (index, piece) in moved.enumerated() {
        let before = piece.border.state
        window.insert(piece)
        guard index > 0, before == .maybe,
          let place = window.pieces.firstIndex(where: { $0.start == piece.start }),
          window.pieces[place].border.state == .present
        else { continue }
        window.pieces[place].border = .init(state: .maybe, doubt: piece.border.doubt)
      }
    }
    // What was copied first may have joined a source that was still to be left.
    if request.flags.contains(.dontUnmap) { doubtLocks(around: source) }
    return true
  }
}
