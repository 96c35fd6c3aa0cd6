internal import CPrefetch

/// An array of trivial elements addressed by 32-bit slots, owned by exactly one value.
///
/// `Array` would count references and check uniqueness at each write; this one is copied only when
/// somebody calls `copy()`. Every slot below `capacity` is initialised at all times.
///
/// Unsafe code stands here because no safe array of the language can do that. It is safe because
/// every access is checked against `capacity`, because no pointer leaves this file, and because
/// elements are `BitwiseCopyable`: they need no deinitialisation and may be overwritten and moved
/// as bytes.
@safe
struct SlotArray<Element: BitwiseCopyable>: ~Copyable {
  private var memory: GrowingMemory
  private(set) var capacity: Int

  @inline(__always)
  private var base: UnsafeMutablePointer<Element> {
    unsafe memory.base.assumingMemoryBound(to: Element.self)
  }

  /// - Complexity: O(`capacity`).
  init(capacity: Int, filler: Element) {
    precondition(capacity >= 0 && capacity <= Int(UInt32.max))
    memory = GrowingMemory(byteCount: capacity * MemoryLayout<Element>.stride)
    self.capacity = 0
    fill(to: capacity, filler)
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

  /// Begins to fetch an element that will be read soon.
  @inline(__always)
  func prefetch(_ slot: UInt32) {
    precondition(Int(slot) < capacity)
    unsafe prefetch_line(base + Int(slot))
  }

  /// Makes room for `slot` and some more; new slots hold `filler`.
  ///
  /// - Complexity: amortised O(1) per slot.
  @inline(__always)
  mutating func ensure(_ slot: UInt32, filler: Element) {
    if Int(slot) >= capacity { grow(toHold: slot, filler: filler) }
  }

  @inline(never)
  private mutating func grow(toHold slot: UInt32, filler: Element) {
    let stride = MemoryLayout<Element>.stride
    memory.grow(
      to: max((Int(slot) + 1) * stride, memory.nextByteCount(doublingBelow: 256 * stride)))
    fill(to: min(memory.byteCount / stride, Int(UInt32.max)), filler)
  }

  private mutating func fill(to newCapacity: Int, _ filler: Element) {
    unsafe memory.base.bindMemory(to: Element.self, capacity: newCapacity)
    unsafe (base + capacity).initialize(repeating: filler, count: newCapacity - capacity)
    capacity = newCapacity
  }

  /// A copy of all slots.
  ///
  /// - Complexity: O(`capacity`).
  borrowing func copy() -> SlotArray { SlotArray(copying: self) }

  private init(copying source: borrowing SlotArray) {
    capacity = source.capacity
    memory = GrowingMemory(byteCount: capacity * MemoryLayout<Element>.stride)
    unsafe memory.base.bindMemory(to: Element.self, capacity: capacity)
    unsafe base.initialize(from: source.base, count: capacity)
  }

  /// The memory held, in bytes.
  var bytes: Int { capacity * MemoryLayout<Element>.stride }
}

// SAFETY: the memory is reachable through this value only, which cannot be copied.
extension SlotArray: @unchecked Sendable {}
