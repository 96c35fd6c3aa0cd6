import SyscallABI
import Testing

@testable import AddressSpaces

/// The slab of VMAs and the table of attributes.
@Suite struct StorageTests {
  @Test func slabUsesFreedRecordsAgain() {
    var slab = VMASlab()
    let record = VMARecord(attributes: MergeID(rawValue: 1), anonVMA: .none)
    let first = slab.allocate(record)
    let second = slab.allocate(record)
    #expect(first != second && !first.isNone && !second.isNone)
    slab.free(first)
    #expect(slab.allocate(record) == first)
    #expect(slab.statistics.objects == 2)
    #expect(slab.statistics.peak == 2)
    #expect(slab.statistics.allocated == 3)
    #expect(slab.statistics.reused == 1)
  }

  @Test func slabGrowsAndKeepsRecords() {
    var slab = VMASlab()
    var handles: [VMA.Handle] = []
    for number in 0..<5000 {
      let anonVMA = AnonVMA(rawValue: UInt32(number))
      handles.append(slab.allocate(VMARecord(attributes: .none, anonVMA: anonVMA)))
    }
    for number in 0..<5000 { #expect(slab[handles[number]].anonVMA.number == UInt32(number)) }
    #expect(slab.bytes <= 2 * 5000 * MemoryLayout<VMARecord>.stride)
  }

  @Test func recordsAndNodesAreSmall() {
    #expect(MemoryLayout<VMARecord>.stride == 8)
    #expect(MemoryLayout<RedBlackTreeIndex.Node>.stride == 32)
  }

  @Test func equalAttributesHaveOneID() {
    var table = MergeAttributeTable()
    let plain = MergeAttributes(flags: Paint.plain)
    let first = table.intern(plain)
    let second = table.intern(plain)
    #expect(first == second)
    #expect(table.references(first) == 2)
    let other = table.intern(MergeAttributes(flags: Paint.plain, linear: 1))
    #expect(other != first)
    #expect(table[other].linear == 1)
  }

  /// Ids of the dead are given out again, so the table stays as large as what lives.
  @Test func tableStaysAsLargeAsWhatLives() {
    var table = MergeAttributeTable()
    for number in 0..<100_000 as Range<UInt64> {
      let id = table.intern(MergeAttributes(flags: [], linear: number))
      table.release(id)
    }
    #expect(table.count == 0)
    #expect(table.bytes < 10_000)
    var ids: Set<UInt32> = []
    for number in 0..<1000 as Range<UInt64> {
      ids.insert(table.intern(MergeAttributes(flags: [], linear: number)).rawValue)
    }
    #expect(ids.count == 1000 && table.count == 1000)
    for number in 0..<1000 as Range<UInt64> {
      let id = table.intern(MergeAttributes(flags: [], linear: number))
      #expect(ids.contains(id.rawValue))
    }
  }

  /// Two billion anon_vmas later, those that live are numbered anew and stay different.
  @Test func anonVMAIdentitiesAreNeverUsedUp() throws {
    var space: TreeSpace = try paint("A B C D", written: "ABC")
    space.nextAnonVMA = AnonVMA.forkChildBit
    let before = space.vmas().map(\.anonVMA)
    space.writeFault(in: Canvas.range(6..<7))
    let after = space.vmas().map(\.anonVMA)
    #expect(Set(before).count == 4 && Set(after).count == 4)
    #expect(!after.contains(.none))
    #expect(space.nextAnonVMA < 10)
  }
}
