import SyscallABI
import Testing

@testable import AddressSpaces

/// Every index does the same random operations as a plain array and must give the same answers.
@Suite struct IndexLockstepTests {
  #if EXHAUSTIVE
    static let operations = 300_000
    static let seeds: [UInt64] = [1, 2, 3, 4]
  #else
    static let operations = 12_000
    static let seeds: [UInt64] = [1]
  #endif

  @Test(arguments: seeds) func redBlackTree(seed: UInt64) {
    IndexLockstep<RedBlackTreeIndex>.run(seed: seed, operations: Self.operations)
  }

  @Test(arguments: seeds) func linkedList(seed: UInt64) {
    // Every lookup walks the list.
    IndexLockstep<LinkedListIndex>.run(seed: seed, operations: Self.operations / 10)
  }

  @Test(arguments: seeds) func bPlusTree(seed: UInt64) {
    IndexLockstep<BPlusTreeIndex>.run(seed: seed, operations: Self.operations)
  }

  @Test(arguments: seeds) func sortedArray(seed: UInt64) {
    IndexLockstep<SortedArrayIndex>.run(seed: seed, operations: Self.operations)
  }

  @Test(arguments: seeds) func behindTheCache(seed: UInt64) {
    IndexLockstep<MmapCache<RedBlackTreeIndex>>.run(seed: seed, operations: Self.operations)
    IndexLockstep<MmapCache<BPlusTreeIndex>>.run(seed: seed, operations: Self.operations)
  }

  /// Borders up to the end of the 64-bit space: a damaged log can ask for any.
  @Test func highAddresses() {
    check(LinkedListIndex.self)
    check(RedBlackTreeIndex.self)
    check(SortedArrayIndex.self)
    check(BPlusTreeIndex.self)

    func check<Index: VMAIndex & ~Copyable>(_: Index.Type) {
      var index = Index()
      let low = VMAEntry(
        handle: VMA.Handle(slot: 1), start: Address(0x7fff_ffff_f000),
        end: Address(0x8000_0000_0000_1000))
      let high = VMAEntry(
        handle: VMA.Handle(slot: 2), start: Address(0xffff_ffff_ff60_0000),
        end: Address(0xffff_ffff_ffff_f000))
      index.insert(low.handle, low.range, between: index.findPrepare(low.start))
      index.insert(high.handle, high.range, between: index.findPrepare(high.start))
      #expect(index.search(.zero) == low)
      #expect(index.search(Address(0x8000_0000_0000_0fff)) == low)
      #expect(index.search(Address(0x8000_0000_0000_1000)) == high)
      #expect(index.search(Address(0xffff_ffff_ffff_efff)) == high)
      #expect(index.search(Address(0xffff_ffff_ffff_f000)).isNone)
      #expect(index.search(Address(.max)).isNone)
      index.checkStructure()
    }
  }
}

/// One index and the array beside it.
private struct IndexLockstep<Index: VMAIndex & ~Copyable>: ~Copyable {
  var index = Index()
  var reference = ReferenceIndex()
  var random: SeededGenerator
  var freeSlots: [UInt32] = []
  var usedSlots: UInt32 = 0
  let seed: UInt64
  var operation = 0

  static func run(seed: UInt64, operations: Int) {
    var lockstep = IndexLockstep(seed: seed)
    for operation in 0..<operations {
      lockstep.operation = operation
      lockstep.step(of: operations)
    }
    lockstep.index.checkStructure()
    lockstep.compareWalks()
  }

  init(seed: UInt64) {
    self.seed = seed
    random = SeededGenerator(seed: seed)
  }

  /// The number of VMAs goes up and down in waves, from none to many and back.
  private mutating func step(of operations: Int) {
    let wave = operations / 6
    let grows = operation / wave % 2 == 0
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<25: grows ? insert() : remove()
    case 25..<35: grows ? remove() : insert()
    case 35..<50: setRange()
    case 50..<51 where operation % 20 == 0: index = index.copy()
    case 51..<52 where !grows: removeRun()
    case 52..<53 where grows: insertRun()
    default: find()
    }
    expect(index.count == reference.entries.count, "count")
    if operation % 512 == 0 { index.checkStructure() }
  }

  private func expect(_ condition: Bool, _ what: String) {
    if !condition {
      Issue.record("\(Index.self): \(what), seed \(seed), operation \(operation)")
    }
  }

  private mutating func randomAddress() -> Address {
    if let entry = reference.entries.randomElement(using: &random), Bool.random(using: &random) {
      // At a border, just below it, or in the middle.
      let choices = [
        entry.start, entry.end, entry.start &- 1, entry.end &- 1,
        entry.start &+ (entry.end &- entry.start) / 2,
      ]
      return choices.randomElement(using: &random)!
    }
    return Address(UInt64.random(in: 0..<(1 << 47), using: &random))
  }

  /// What is known of a VMA, with a place that is right, unknown or wrong.
  private mutating func known(_ entry: VMAEntry) -> VMAEntry {
    var entry = entry
    if entry.isNone { return entry }
    switch Int.random(in: 0..<4, using: &random) {
    case 0: entry.hint = 0
    case 1: entry.hint = UInt32.random(in: 0..<300, using: &random)
    case 2: entry.hint = .max
    default: entry = index.search(entry.start)
    }
    return entry
  }

  private mutating func find() {
    let address = randomAddress()
    let position = reference.position(address)
    expect(index.search(address) == reference[position], "search")
    expect(index.find(address) == reference[position], "find")
    let around = index.findPrepare(address)
    expect(around.previous == reference[position - 1], "the VMA below")
    expect(around.next == reference[position], "the VMA above")
    let entry = reference[position]
    if entry.isNone { return }
    expect(index.next(known(entry)) == reference[position + 1], "next")
    expect(index.previous(known(entry)) == reference[position - 1], "previous")
    expect(index.first() == reference[0], "first")
  }

  private mutating func insert() {
    let start = randomAddress().roundedDownToPage
    insert(at: start, pages: UInt64.random(in: 1...8, using: &random))
  }

  private mutating func insert(at start: Address, pages: UInt64) {
    let position = reference.position(start)
    let (below, above) = (reference[position - 1], reference[position])
    if start < below.end || above.start <= start { return }
    let end = min(start &+ (pages << Page.shift), above.start)
    let slot = freeSlots.popLast() ?? (usedSlots + 1)
    usedSlots = max(usedSlots, slot)
    let entry = VMAEntry(handle: VMA.Handle(slot: slot), start: start, end: end)
    let between =
      Bool.random(using: &random)
      ? index.findPrepare(start) : VMANeighbours(previous: known(below), next: known(above))
    index.insert(entry.handle, entry.range, between: between)
    reference.insert(entry)
  }

  /// Many VMAs one after another, upwards or downwards.
  private mutating func insertRun() {
    let upwards = Bool.random(using: &random)
    var start = randomAddress().roundedDownToPage
    for _ in 0..<100 where start > Address(1 << 20) {
      insert(at: start, pages: 1)
      start = upwards ? start &+ Page.size : start &- Page.size
    }
  }

  private mutating func remove() {
    guard let entry = reference.entries.randomElement(using: &random) else { return }
    remove(at: reference.position(entry.start))
  }

  private mutating func remove(at position: Int) {
    let entry = reference[position]
    index.remove(known(entry))
    reference.remove(at: position)
    freeSlots.append(entry.handle.slot)
  }

  private mutating func removeRun() {
    let position = reference.position(randomAddress())
    for _ in 0..<100 where position < reference.entries.count { remove(at: position) }
  }

  private mutating func setRange() {
    guard let entry = reference.entries.randomElement(using: &random) else { return }
    let position = reference.position(entry.start)
    let lowest = reference[position - 1].isNone ? Address.zero : reference[position - 1].end
    let highest = min(reference[position + 1].start, Address(1 << 47))
    let lowPage = max(lowest.pageNumber, entry.start.pageNumber &- 6 &+ 0)
    let start = UInt64.random(
      in: min(lowPage, entry.start.pageNumber)...(entry.end.pageNumber - 1), using: &random)
    let highPage = min(highest.pageNumber, entry.end.pageNumber + 6)
    let end = UInt64.random(in: (start + 1)...max(highPage, start + 1), using: &random)
    let range = AddressRange(Address(start << Page.shift), Address(end << Page.shift))
    index.setRange(known(entry), range)
    reference.setRange(at: position, range)
  }

  private mutating func compareWalks() {
    var entry = index.first()
    for expected in reference.entries {
      expect(entry == expected, "walk")
      entry = index.next(entry)
    }
    expect(entry.isNone, "end of the walk")
  }
}
