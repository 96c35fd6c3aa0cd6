import CPeers
import Replay
import SyscallABI

/// A stream of mmap, munmap and brk over a field of cells of four pages, about half of them mapped.
///
/// 47 % mmap, 45 % munmap, 8 % brk; 70 % near the place of the call before; about half of what is
/// mapped merges with a neighbour.
struct Churn {
  static let heapStart: UInt64 = 0x5555_0000_0000
  private static let fieldStart: UInt64 = 0x7f00_0000_0000
  private static let pagesPerCell: UInt64 = 4
  private static let read: UInt16 = 1
  private static let readWrite: UInt16 = 3

  /// The flags with which each cell is mapped; 0 if it is not.
  private var cells: [UInt16]
  private var mapped = 0
  private var position = 0
  private var brk = heapStart
  private var numbers: SeededNumbers

  /// - Parameter vmaCount: about how many VMAs there will be.
  init(vmaCount: Int, seed: UInt64) {
    cells = [UInt16](repeating: 0, count: vmaCount * 7 / 2 + 8)
    numbers = SeededNumbers(seed: seed)
  }

  /// Maps half of the field, in shuffled order.
  mutating func filling() -> [peer_operation] {
    cells.indices.shuffled(using: &numbers).prefix(cells.count / 2).map { map(cell: $0) }
  }

  mutating func operations(_ count: Int) -> [peer_operation] {
    (0..<count).map { _ in
      let choice = numbers.below(100)
      if choice >= 92 { return moveBreak() }
      // Left to itself, the field would fill or empty in the long run.
      if mapped * 5 < cells.count * 2 { return mapSomewhere() }
      if mapped * 5 > cells.count * 3 { return unmapSomewhere() }
      return choice < 47 ? mapSomewhere() : unmapSomewhere()
    }
  }

  private mutating func move() {
    if numbers.below(10) < 7 {
      position = min(max(position + numbers.below(33) - 16, 0), cells.count - 1)
    } else {
      position = numbers.below(cells.count)
    }
  }

  private mutating func mapSomewhere() -> peer_operation {
    move()
    while cells[position] != 0 { position = (position + 1) % cells.count }
    return map(cell: position)
  }

  private mutating func map(cell: Int) -> peer_operation {
    let below = cell > 0 ? cells[cell - 1] : 0
    let flags = [below, Self.read, Self.readWrite, Self.readWrite][numbers.below(4)]
    cells[cell] = flags == 0 ? Self.readWrite : flags
    mapped += 1
    return operation(0, cell, pages: Self.pagesPerCell, flags: cells[cell])
  }

  /// One cell, now and then with the next one.
  private mutating func unmapSomewhere() -> peer_operation {
    move()
    while cells[position] == 0 { position = (position + 1) % cells.count }
    cells[position] = 0
    mapped -= 1
    guard numbers.below(20) == 0, position + 1 < cells.count else {
      return operation(1, position, pages: Self.pagesPerCell)
    }
    if cells[position + 1] != 0 { mapped -= 1 }
    cells[position + 1] = 0
    return operation(1, position, pages: 2 * Self.pagesPerCell)
  }

  private mutating func moveBreak() -> peer_operation {
    let pages = UInt64(1 + numbers.below(8)) << Page.shift
    let shrinks = brk - Self.heapStart > pages && numbers.below(2) == 0
    brk = shrinks ? brk - pages : brk + pages
    return peer_operation(address: brk, pages: 0, kind: 2, flags: 0)
  }

  private func operation(
    _ kind: UInt16, _ cell: Int, pages: UInt64, flags: UInt16 = 0
  ) -> peer_operation {
    peer_operation(
      address: Self.fieldStart + UInt64(cell) * (Self.pagesPerCell << Page.shift),
      pages: UInt32(pages), kind: kind, flags: flags)
  }
}
