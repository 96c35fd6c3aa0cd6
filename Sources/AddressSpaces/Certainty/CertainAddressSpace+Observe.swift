public import SyscallABI

/// One line of a map that the kernel showed.
public struct ObservedVMA: Sendable, BitwiseCopyable {
  public var range: AddressRange
  public var flags: VMAFlags
  /// Flags that the map does not show.
  public var doubtfulFlags: VMAFlags
  public var file: FileDescriptionID
  /// In bytes into the file.
  public var offset: UInt64
  public var hasCloseHook: Bool
  /// No other mapping can be of the same file.
  public var hasFileOfItsOwn: Bool
  /// It surely has pages that were written privately.
  public var isWritten: Bool
  /// It is as the loader of the program made it: not moved, not inherited.
  public var isFresh: Bool

  public init(
    range: AddressRange, flags: VMAFlags, doubtfulFlags: VMAFlags = [],
    file: FileDescriptionID = .none, offset: UInt64 = 0, hasCloseHook: Bool = false,
    hasFileOfItsOwn: Bool = false, isWritten: Bool = false, isFresh: Bool = false
  ) {
    self.range = range
    self.flags = flags
    self.doubtfulFlags = doubtfulFlags
    self.file = file
    self.offset = offset
    self.hasCloseHook = hasCloseHook
    self.hasFileOfItsOwn = hasFileOfItsOwn
    self.isWritten = isWritten
    self.isFresh = isFresh
  }
}

extension CertainAddressSpace {
  /// The kernel showed the whole map: every border is known. What is known besides stays known.
  ///
  /// - Parameter vmas: in address order.
  /// - Complexity: O(*n*).
  public mutating func observe(_ vmas: [ObservedVMA]) {
    var pieces: [CertainPiece] = []
    pieces.reserveCapacity(vmas.count)
    for vma in vmas {
      if let last = pieces.last, last.end > vma.range.start { continue }
      var piece = known(of: vma) ?? unknown(vma)
      piece.range = vma.range
      piece.doubtfulFlags = vma.doubtfulFlags.union(.softDirty)
      piece.flags = vma.flags.subtracting(piece.doubtfulFlags)
      let touches = pieces.last?.end == vma.range.start
      piece.border = touches ? .present : .apart
      if vma.isWritten && !piece.anon.subtracting(.none).isEmpty { piece.anon.remove(.none) }
      pieces.append(piece)
    }
    var window = PieceWindow(
      pieces: pieces, profile: profile, nextIdentity: nextIdentity, reachesEnd: true)
    window.normalise()
    nextIdentity = window.nextIdentity
    list = PieceList()
    list.replace(list.start, list.end, with: window.pieces)
  }

  /// What the pieces of a VMA that was shown can be, now that they are known to be one.
  private func known(of vma: ObservedVMA) -> CertainPiece? {
    var position = list.first(endingAtOrAbove: vma.range.start &+ 1)
    var inside: [CertainPiece] = []
    while position != list.end, list[position].start < vma.range.end {
      inside.append(list[position])
      position = list.after(position)
    }
    guard let first = inside.first, let last = inside.last, first.start <= vma.range.start,
      last.end >= vma.range.end, (first.file == .none) == (vma.file == .none)
    else { return nil }
    var window = PieceWindow(
      pieces: inside, profile: profile, nextIdentity: nextIdentity, reachesEnd: true)
    for index in inside.indices.dropFirst() {
      if inside[index].border.state == .apart { return nil }
      window.narrow(across: index)
    }
    var piece = window.pieces[inside.count - 1]
    piece.identity = inside.count == 1 ? piece.identity : 0
    return piece
  }

  private mutating func unknown(_ vma: ObservedVMA) -> CertainPiece {
    nextMapping &+= 1
    let linear = (vma.offset >> Page.shift) &- vma.range.start.pageNumber
    let isPrivate = vma.flags.isDisjoint(with: [.shared, .mayShare])
    let isAnonymous = vma.file == .none && isPrivate
    let hasKnownOffset = vma.isFresh && !vma.flags.contains(.growsDown)
    var piece = CertainPiece(
      range: vma.range, flags: vma.flags,
      linear: isAnonymous
        ? (hasKnownOffset ? OffsetPossibilities(0) : .any)
        : OffsetPossibilities(linear),
      file: vma.file, mapping: nextMapping, hasFileOfItsOwn: vma.hasFileOfItsOwn,
      hasCloseHook: vma.hasCloseHook)
    let isSpecial = !vma.flags.isDisjoint(with: .special)
    if isPrivate && !isSpecial {
      piece.anon = vma.isFresh ? [.none, .own] : [.none, .own, .inherited]
    }
    return piece
  }
}
