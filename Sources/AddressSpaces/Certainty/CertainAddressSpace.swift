import SyscallABI

/// What a log says for certain of an address space, and what it leaves open: for every run that the
/// log admits, not for one assumption.
///
/// A second reading beside `AddressSpace`, which follows one admissible run: from that one come the
/// mapped pages and everything that is the same in all runs. Each operation is to be called after
/// the same operation of the `AddressSpace`.
///
/// The number of VMAs of every run lies between `mapCountMin` and `mapCountMax`. A run may write
/// each private mapping that is or was writable between any two calls. The bounds may be wider than
/// what the runs reach, never narrower.
public struct CertainAddressSpace: Sendable {
  public let profile: KernelProfile
  var list = PieceList()
  /// The next number for pieces that surely have one anon_vma.
  var nextIdentity: UInt32 = 1
  /// The next number for a call that maps a file.
  var nextMapping: UInt32 = 1

  /// Without VMAs.
  public init(profile: KernelProfile) { self.profile = profile }

  /// VMAs that there are at least, in every run.
  public var mapCountMin: Int { list.count - list.maybeCount }
  /// VMAs that there are at most, in any run.
  public var mapCountMax: Int { list.count }
  /// Borders between touching pages at which a VMA may end.
  public var maybeBoundaries: Int { list.maybeCount }
  /// Borders between touching pages at which a VMA ends in every run.
  public var certainBoundaries: Int { list.presentCount }

  /// Borders that may be there, because of `doubt`.
  public func maybeBoundaries(_ doubt: Doubt) -> Int { list.maybes[Int(doubt.rawValue)] }

  /// Calls `body` for each piece in address order.
  ///
  /// - Complexity: O(*n*).
  public func forEachPiece(_ body: (CertainPiece) -> Void) { list.visit(body) }

  /// Changes the pieces around `range`, then closes the result over all that a program may do
  /// before its next call.
  mutating func edit(_ range: AddressRange, _ body: (inout PieceWindow) -> Void) {
    // What happens to a piece depends on its neighbours and on theirs.
    var from = list.first(endingAtOrAbove: range.start)
    for _ in 0..<2 where from > list.start { from = list.before(from) }
    var to = from
    while to != list.end && list[to].start <= range.end { to = list.after(to) }
    for _ in 0..<2 where to != list.end { to = list.after(to) }
    var window = PieceWindow(
      pieces: list.pieces(from, to), profile: profile, nextIdentity: nextIdentity,
      reachesEnd: to == list.end)
    body(&window)
    window.normalise()
    nextIdentity = window.nextIdentity
    list.replace(from, to, with: window.pieces)
    if let first = window.pieces.first, let last = window.pieces.last {
      spreadDown(from: first.start)
      spreadUp(from: last.start)
    }
  }

  /// What may have become part of a written VMA may be written.
  private mutating func spreadDown(from address: Address) {
    var position = list.first(endingAtOrAbove: address &+ 1)
    while position > list.start, list[position].border.state == .maybe,
      list[position].anon.contains(.own)
    {
      let below = list.before(position)
      var lower = list[below]
      guard lower.anon.contains(.none), !lower.anon.contains(.own) else { return }
      lower.anon.insert(.own)
      lower.border.agrees = false
      list[below] = lower
      position = below
    }
  }

  private mutating func spreadUp(from address: Address) {
    var position = list.first(endingAtOrAbove: address &+ 1)
    while position != list.end, list[position].anon.contains(.own) {
      let above = list.after(position)
      guard above != list.end else { return }
      var upper = list[above]
      guard upper.border.state == .maybe, upper.anon.contains(.none), !upper.anon.contains(.own)
      else { return }
      upper.anon.insert(.own)
      list[above] = upper
      let next = list.after(above)
      if next != list.end && list[next].border.agrees {
        var piece = list[next]
        piece.border.agrees = false
        list[next] = piece
      }
      position = above
    }
  }

  /// The ranges of mapped pages in `range`, each as long as possible.
  func mapped(in range: AddressRange) -> [AddressRange] {
    var mapped: [AddressRange] = []
    var position = list.first(endingAtOrAbove: range.start &+ 1)
    while position != list.end, list[position].start < range.end {
      if let part = list[position].range.intersection(range) { mapped.append(joining: part) }
      position = list.after(position)
    }
    return mapped
  }

  /// Whether exactly the pages of `range` are mapped that are mapped in `space`.
  func hasLayout<Index: VMAIndex & ~Copyable>(
    of space: borrowing AddressSpace<Index>, in range: AddressRange
  ) -> Bool {
    let mine = mapped(in: range)
    var theirs: [AddressRange] = []
    space.forEachVMA(in: range) { vma in
      if let part = vma.range.intersection(range) { theirs.append(joining: part) }
    }
    return mine == theirs
  }
}

extension [AddressRange] {
  /// Appends a range that may go on where the last one ends.
  fileprivate mutating func append(joining range: AddressRange) {
    if let last, last.end == range.start {
      self[count - 1].end = range.end
    } else {
      append(range)
    }
  }
}
