import AddressSpaces
import SyscallABI
import TestSupport
import Testing

/// The indexes by themselves, with thousands of VMAs.
@Suite struct IndexTests {
  @Test func redBlackTree() { exercise(RedBlackTreeIndex.self, rounds: 20_000) }
  @Test func linkedList() { exercise(LinkedListIndex.self, rounds: 4_000) }
  @Test func bPlusTree() { exercise(BPlusTreeIndex.self, rounds: 20_000) }
  @Test func sortedArray() { exercise(SortedArrayIndex.self, rounds: 20_000) }
  @Test func cachedTree() { exercise(MmapCache<RedBlackTreeIndex>.self, rounds: 8_000) }

  /// Random insertions, removals and moved borders, against a sorted array.
  private func exercise<Index: VMAIndex & ~Copyable>(_ type: Index.Type, rounds: Int) {
    var random = SplitMix64(state: 42)
    var index = Index()
    var sorted: [VMAEntry] = []
    var freeSlots: [UInt32] = Array((1...3000).reversed())
    for round in 0..<rounds {
      let page = random.next() % 60_000
      let around = index.findPrepare(column(Int(page)))
      expectFound(around, sorted, column(Int(page)))
      let grows = random.next() % 10 < (round < rounds / 2 ? 7 : 3)
      if grows, around.next.start >= column(Int(page) + 1), let slot = freeSlots.popLast() {
        let handle = VMA.Handle(slot: slot)
        let range = Canvas.range(Int(page)..<Int(page) + 1)
        index.insert(handle, range, between: around)
        let position = sorted.firstIndex { $0.start > range.start } ?? sorted.count
        sorted.insert(VMAEntry(handle: handle, start: range.start, end: range.end), at: position)
      } else if !grows && !around.next.isNone {
        index.remove(around.next)
        sorted.removeAll { $0.handle == around.next.handle }
        freeSlots.append(around.next.handle.slot)
      } else if !around.next.isNone, around.next.range.lengthInPages == 1 {
        move(around.next, &index, &sorted)
      }
      if round.isMultiple(of: 251) {
        index.checkStructure()
        var walked: [VMAEntry] = []
        var entry = index.first()
        while !entry.isNone {
          walked.append(entry)
          entry = index.next(entry)
        }
        #expect(walked == sorted)
      }
    }
    #expect(index.count == sorted.count)
    let copy = index.copy()
    copy.checkStructure()
    #expect(copy.count == sorted.count)
  }

  /// Grows a VMA upwards if there is room.
  private func move<Index: VMAIndex & ~Copyable>(
    _ entry: VMAEntry, _ index: inout Index, _ sorted: inout [VMAEntry]
  ) {
    guard let position = sorted.firstIndex(of: entry) else { return }
    let isFree =
      position + 1 == sorted.count || sorted[position + 1].start > entry.end &+ Page.size
    guard isFree else { return }
    sorted[position].end = entry.end &+ Page.size
    index.setRange(entry, sorted[position].range)
  }

  private func expectFound(
    _ around: VMANeighbours, _ sorted: [VMAEntry], _ address: Address
  ) {
    let position = sorted.firstIndex { $0.end > address } ?? sorted.count
    let next = position < sorted.count ? sorted[position] : .none
    let previous = position > 0 ? sorted[position - 1] : .none
    if around != VMANeighbours(previous: previous, next: next) {
      Issue.record("at \(address): \(around), not \(previous) and \(next)")
    }
  }

  @Test func cacheCountsLookupsAndHits() throws {
    var space = AddressSpace<MmapCache<RedBlackTreeIndex>>()
    try space.install(Canvas.range(0..<2), flags: Paint.plain)
    try space.install(Canvas.range(4..<6), flags: Paint.plain)
    for number in [0, 1, 0, 4, 5, 3] { _ = space.lookUp(column(number)) }
    // Columns 0 and 4 miss; 1, 0 and 5 hit; 3 is in no VMA, and finds the one above.
    #expect(space.cacheStatistics.lookups == 6)
    #expect(space.cacheStatistics.hits == 3)
    try space.munmap(column(4), length: pages(2))
    #expect(space.lookUp(column(4)).isNone)
  }
}
