// The table owns its address spaces through one buffer of optionals. Every slot of the buffer is
// initialised from allocation to deallocation, indices are checked, and no pointer leaves this
// file: a borrow or mutation lasts for one call of a closure.

import AddressSpaces

/// The address spaces that are in use, each with the number of its users (`mm_users`).
///
/// A class for each would cost a retain, a release and an exclusivity check at every event; a
/// noncopyable value cannot be kept in an `Array`.
@safe struct SpaceTable<Index: VMAIndex & ~Copyable>: ~Copyable {
  struct ID: Hashable, BitwiseCopyable {
    var slot: Int
  }

  private struct Slot: ~Copyable {
    var space: AddressSpace<Index>?
    var users = 0
  }

  private var slots: UnsafeMutableBufferPointer<Slot>
  private var used = 0
  private var free: [Int] = []
  /// The address space that stays, even without users.
  private(set) var kept: ID?

  init() {
    unsafe slots = .allocate(capacity: 16)
  }

  deinit {
    for slot in 0..<used { unsafe slots.deinitializeElement(at: slot) }
    unsafe slots.deallocate()
  }

  /// Takes an address space in, with one user.
  mutating func insert(_ space: consuming AddressSpace<Index>) -> ID {
    let slot: Int
    if let reused = free.popLast() {
      slot = reused
      unsafe slots[slot].space = consume space
      unsafe slots[slot].users = 1
    } else {
      if unsafe used == slots.count { grow() }
      slot = used
      unsafe slots.initializeElement(at: slot, to: Slot(space: consume space, users: 1))
      used += 1
    }
    return ID(slot: slot)
  }

  mutating func addUser(of id: ID) {
    precondition(id.slot < used)
    unsafe slots[id.slot].users += 1
  }

  func users(of id: ID) -> Int {
    precondition(id.slot < used)
    return unsafe slots[id.slot].users
  }

  /// Takes one user away; the last one takes the address space with it.
  mutating func removeUser(of id: ID) {
    precondition(id.slot < used)
    unsafe slots[id.slot].users -= 1
    if id != kept { dropIfUnused(id) }
  }

  /// Lets one address space stay without users, instead of the one kept before.
  mutating func keep(_ id: ID) {
    if id == kept { return }
    let old = kept
    kept = id
    if let old { dropIfUnused(old) }
  }

  private mutating func dropIfUnused(_ id: ID) {
    guard unsafe slots[id.slot].users == 0 else { return }
    unsafe slots[id.slot].space = nil
    free.append(id.slot)
  }

  /// Calls `body` with the address space to read.
  func read<R: ~Copyable>(_ id: ID, _ body: (borrowing AddressSpace<Index>) -> R) -> R {
    precondition(id.slot < used)
    return unsafe body(slots[id.slot].space!)
  }

  /// Calls `body` with the address space to change.
  mutating func modify<R>(_ id: ID, _ body: (inout AddressSpace<Index>) -> R) -> R {
    precondition(id.slot < used)
    return unsafe body(&slots[id.slot].space!)
  }

  /// Visits every address space in use, and the kept one.
  func visitAll(_ body: (borrowing AddressSpace<Index>) -> Void) {
    for slot in 0..<used where unsafe slots[slot].users > 0 || ID(slot: slot) == kept {
      unsafe body(slots[slot].space!)
    }
  }

  private mutating func grow() {
    let larger = unsafe UnsafeMutableBufferPointer<Slot>.allocate(capacity: slots.count * 2)
    unsafe larger.baseAddress!.moveInitialize(from: slots.baseAddress!, count: used)
    unsafe slots.deallocate()
    unsafe slots = larger
  }
}
