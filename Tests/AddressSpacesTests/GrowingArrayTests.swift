import Testing

@testable import AddressSpaces

/// Arrays that outgrow the allocator, their reserve of addresses, and small pages.
@Suite struct GrowingArrayTests {
  @Test func slotsKeepWhatTheyHold() {
    var array = SlotArray<UInt64>(capacity: 4, filler: .max)
    // 16 MiB.
    for slot in 0..<UInt32(2 << 20) {
      array.ensure(slot, filler: .max)
      array[slot] = UInt64(slot) &* 0x9e37_79b9
    }
    let copy = array.copy()
    var differing = 0
    for slot in 0..<UInt32(2 << 20) {
      let value = UInt64(slot) &* 0x9e37_79b9
      if array[slot] != value || copy[slot] != value { differing += 1 }
    }
    #expect(differing == 0)
    #expect(copy.capacity == array.capacity)
    let last = UInt32(array.capacity - 1)
    #expect(last < 2 << 20 || array[last] == .max)
  }

  @Test func wordsKeepWhatTheyHold() {
    var array = WordArray(capacity: 8, filler: 7)
    var used = 8
    while used < 2 << 20 {
      let before = array.capacity
      array.ensure(before + 1, filler: 7)
      #expect(array[before] == 7 && array[array.capacity - 1] == 7)
      array[before] = UInt64(before)
      used = array.capacity
      #expect(array[before] == UInt64(before) && array[0] == 7)
    }
    let copy = array.copy()
    #expect((0..<array.capacity).allSatisfy { array[$0] == copy[$0] })
  }
}
