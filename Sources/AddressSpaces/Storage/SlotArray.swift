/// An array of trivial elements addressed by 32-bit slots, owned by exactly one value.
///
/// `Array` would count references and check uniqueness at each write; this one is copied only when
/// somebody calls `copy()`. Every slot below `capacity` is initialised at all times.
///
/// Unsafe code stands here because no safe array of the language can do that. It is safe because
/// the memory belongs to this noncopyable value alone from `init` to `deinit`, because every
/// access is checked against `capacity`, because no pointer leaves this file, and because elements
/// are `BitwiseCopyable`: they need no deinitialisation and may be overwritten and moved as bytes.
@safe
struct SlotArray<Element: BitwiseCopyable>: ~Copyable {
  private var base: UnsafeMutablePointer<Element>
  private(set) var capacity: Int

  /// - Complexity: O(`capacity`).
  init(capacity: Int, filler: Element) {
    precondition(capacity > 0 && capacity <= Int(UInt32.max))
    unsafe base = .allocate(capacity: capacity)
    unsafe base.initialize(repeating: filler, count: capacity)
    self.capacity = capacity
  }

  private init(copying source: borrowing SlotArray, capacity: Int, filler: Element) {
    precondition(capacity >= source.capacity && capacity <= Int(UInt32.max))
    unsafe base = .allocate(capacity: capacity)
    unsafe base.initialize(from: source.base, count: source.capacity)
    unsafe (base + source.capacity).initialize(
      repeating: filler, count: capacity - source.capacity)
    self.capacity = capacity
  }

  deinit {
    unsafe base.deallocate()
  }

  @inline(__always)
  subscript(slot: UInt32) -> Element {
    get {
      precondition(Int(slot) < capacity)
      return unsafe base[Int(slot)]
    }
    _modify {
      precondition(Int(slot) < capacity)
      yield unsafe &base[Int(slot)]
    }
  }

  /// Makes room for `slot` and some more; new slots hold `filler`.
  ///
  /// - Complexity: amortised O(1) per slot.
  @inline(__always)
  mutating func ensure(_ slot: UInt32, filler: Element) {
    if Int(slot) >= capacity { grow(to: max(Int(slot) + 1, Growth.next(capacity)), filler: filler) }
  }

  @inline(never)
  private mutating func grow(to newCapacity: Int, filler: Element) {
    self = SlotArray(copying: self, capacity: newCapacity, filler: filler)
  }

  /// A copy of all slots.
  ///
  /// - Complexity: O(`capacity`).
  borrowing func copy(filler: Element) -> SlotArray {
    SlotArray(copying: self, capacity: capacity, filler: filler)
  }

  /// The memory held, in bytes.
  var bytes: Int { capacity * MemoryLayout<Element>.stride }
}

// SAFETY: the memory is reachable through this value only, which cannot be copied.
extension SlotArray: @unchecked Sendable {}
