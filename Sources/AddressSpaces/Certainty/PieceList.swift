import SyscallABI

/// The pieces of an address space in address order: a list of short arrays, so that a change
/// moves hundreds of pieces and not all of them.
struct PieceList: Sendable {
  /// Where a piece is; no longer valid after a change.
  struct Position: Hashable, Comparable, BitwiseCopyable {
    var chunk: Int
    var offset: Int

    static func < (a: Position, b: Position) -> Bool {
      (a.chunk, a.offset) < (b.chunk, b.offset)
    }
  }

  private var chunks: [[CertainPiece]] = []
  private(set) var count = 0
  /// Borders that may be or may not be, by what is in doubt.
  private(set) var maybes = [Int](repeating: 0, count: Doubt.allCases.count)
  private(set) var maybeCount = 0
  private(set) var presentCount = 0

  static var chunkLimit: Int { 256 }

  var start: Position { Position(chunk: 0, offset: 0) }
  var end: Position { Position(chunk: chunks.count, offset: 0) }

  subscript(position: Position) -> CertainPiece {
    get { chunks[position.chunk][position.offset] }
    set {
      tally(chunks[position.chunk][position.offset], -1)
      chunks[position.chunk][position.offset] = newValue
      tally(newValue, 1)
    }
  }

  /// The first piece that ends at or above `address`.
  ///
  /// - Complexity: O(log *n*).
  func first(endingAtOrAbove address: Address) -> Position {
    var (low, high) = (0, chunks.count)
    while low < high {
      let middle = (low + high) / 2
      if chunks[middle][chunks[middle].count - 1].end < address {
        low = middle + 1
      } else {
        high = middle
      }
    }
    guard low < chunks.count else { return end }
    let chunk = low
    (low, high) = (0, chunks[chunk].count)
    while low < high {
      let middle = (low + high) / 2
      if chunks[chunk][middle].end < address { low = middle + 1 } else { high = middle }
    }
    return Position(chunk: chunk, offset: low)
  }

  func after(_ position: Position) -> Position {
    if position.offset + 1 < chunks[position.chunk].count {
      return Position(chunk: position.chunk, offset: position.offset + 1)
    }
    return Position(chunk: position.chunk + 1, offset: 0)
  }

  func before(_ position: Position) -> Position {
    if position.offset > 0 {
      return Position(chunk: position.chunk, offset: position.offset - 1)
    }
    return Position(chunk: position.chunk - 1, offset: chunks[position.chunk - 1].count - 1)
  }

  /// The pieces from one position up to another.
  func pieces(_ from: Position, _ to: Position) -> [CertainPiece] {
    guard from.chunk < chunks.count else { return [] }
    if from.chunk == to.chunk { return Array(chunks[from.chunk][from.offset..<to.offset]) }
    var pieces = Array(chunks[from.chunk][from.offset...])
    for chunk in (from.chunk + 1)..<max(to.chunk, from.chunk + 1) { pieces += chunks[chunk] }
    if to.chunk < chunks.count { pieces += chunks[to.chunk][..<to.offset] }
    return pieces
  }

  /// Calls `body` for each piece.
  func visit(_ body: (CertainPiece) -> Void) {
    for chunk in chunks {
      for piece in chunk { body(piece) }
    }
  }

  /// Replaces the pieces from one position up to another.
  ///
  /// - Complexity: O(pieces replaced + pieces of a chunk).
  mutating func replace(_ from: Position, _ to: Position, with new: [CertainPiece]) {
    for piece in new { tally(piece, 1) }
    if from.chunk == to.chunk && from.chunk < chunks.count {
      for offset in from.offset..<to.offset { tally(chunks[from.chunk][offset], -1) }
      chunks[from.chunk].replaceSubrange(from.offset..<to.offset, with: new)
      rebalance(from.chunk)
      return
    }
    var merged = from.chunk < chunks.count ? Array(chunks[from.chunk][..<from.offset]) : []
    for piece in pieces(from, to) { tally(piece, -1) }
    merged += new
    var last = min(to.chunk, chunks.count)
    if to.chunk < chunks.count {
      merged += chunks[to.chunk][to.offset...]
      last += 1
    }
    chunks.replaceSubrange(min(from.chunk, chunks.count)..<last, with: [merged])
    rebalance(min(from.chunk, chunks.count - 1))
  }

  private mutating func rebalance(_ chunk: Int) {
    let pieces = chunks[chunk]
    if pieces.isEmpty {
      chunks.remove(at: chunk)
    } else if pieces.count > Self.chunkLimit {
      let size = Self.chunkLimit / 2
      let parts = stride(from: 0, to: pieces.count, by: size).map { start in
        Array(pieces[start..<min(start + size, pieces.count)])
      }
      chunks.replaceSubrange(chunk...chunk, with: parts)
    }
  }

  private mutating func tally(_ piece: CertainPiece, _ sign: Int) {
    count += sign
    switch piece.border.state {
    case .apart: break
    case .present: presentCount += sign
    case .maybe, .absent:
      maybes[Int(piece.border.doubt.rawValue)] += sign
      maybeCount += sign
    }
  }
}
