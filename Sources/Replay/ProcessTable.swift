// The table owns its processes through one buffer. The first `count` slots of the buffer are
// initialised, indices are checked, and no pointer leaves this file: an access lasts for one
// expression of the engine, which nobody else can reach.

import AddressSpaces

/// The processes that live, and slots to be used again.
///
/// Every event changes one of them a few times: an `Array` would ask each time whether it is
/// shared.
@safe struct ProcessTable<Index: VMAIndex & ~Copyable>: ~Copyable {
  private var slots: UnsafeMutableBufferPointer<ProcessState<Index>>
  private(set) var count = 0
  private var free: [Int] = []

  init() {
    unsafe slots = .allocate(capacity: 16)
  }

  deinit {
    for slot in 0..<count { unsafe slots.deinitializeElement(at: slot) }
    unsafe slots.deallocate()
  }

  var indices: Range<Int> { 0..<count }

  subscript(slot: Int) -> ProcessState<Index> {
    @inline(__always) _read {
      precondition(UInt(bitPattern: slot) < UInt(bitPattern: count))
      yield unsafe slots[slot]
    }
    @inline(__always) _modify {
      precondition(UInt(bitPattern: slot) < UInt(bitPattern: count))
      yield unsafe &slots[slot]
    }
  }

  /// Takes a process in, where one was released before if there is such a slot.
  mutating func insert(_ process: ProcessState<Index>) -> Int {
    if let slot = free.popLast() {
      unsafe slots[slot] = process
      return slot
    }
    if unsafe count == slots.count { grow() }
    unsafe slots.initializeElement(at: count, to: process)
    count += 1
    return count - 1
  }

  /// The slot may be used again; until then it keeps what it has.
  mutating func release(_ slot: Int) { free.append(slot) }

  private mutating func grow() {
    let larger = unsafe UnsafeMutableBufferPointer<ProcessState<Index>>.allocate(
      capacity: slots.count * 2)
    unsafe larger.baseAddress!.moveInitialize(from: slots.baseAddress!, count: count)
    unsafe slots.deallocate()
    unsafe slots = larger
  }
}
