public import SyscallABI

/// A red-black tree of 32-byte nodes, with the list of VMAs threaded through it.
///
/// A node has the slot of its VMA, so handles and nodes need no table between them. Node 0 is the
/// nil leaf: it is black and never reached by a lookup, but removal may write its parent.
///
/// Linux: `mm->mm_rb` with `vm_next` (until 6.0).
public struct RedBlackTreeIndex: VMAIndex, ~Copyable {
  var nodes: SlotArray<Node>
  var root: UInt32 = 0
  var head: UInt32 = 0
  private let addressOnly = AddressOnly()
  public internal(set) var count = 0
  public internal(set) var rotations: UInt64 = 0

  struct Node: BitwiseCopyable {
    var start: Address
    var end: Address
    /// The left child's slot in the lower half, the right one's in the upper half, so that a
    /// descent chooses by a shift.
    var children: UInt64
    /// The parent's slot times two, plus one if the node is red.
    var parentAndColor: UInt32
    /// The VMA that follows in address order (`vm_next`).
    var next: UInt32

    static let unused = Node(
      start: .zero, end: .zero, children: 0, parentAndColor: 0, next: 0)

    var left: UInt32 {
      @inline(__always) get { UInt32(truncatingIfNeeded: children) }
      @inline(__always) set { children = children & ~0xffff_ffff | UInt64(newValue) }
    }

    var right: UInt32 {
      @inline(__always) get { UInt32(truncatingIfNeeded: children &>> 32) }
      @inline(__always) set { children = children & 0xffff_ffff | UInt64(newValue) &<< 32 }
    }

    var parent: UInt32 {
      @inline(__always) get { parentAndColor >> 1 }
      @inline(__always) set { parentAndColor = newValue << 1 | parentAndColor & 1 }
    }

    /// The left child for 0, the right one for 1.
    @inline(__always)
    func child(_ right: UInt32) -> UInt32 {
      UInt32(truncatingIfNeeded: children &>> UInt64(right &<< 5))
    }

    var isRed: Bool {
      @inline(__always) get { parentAndColor & 1 != 0 }
      @inline(__always) set { parentAndColor = parentAndColor & ~1 | (newValue ? 1 : 0) }
    }
  }

  public init() {
    nodes = SlotArray(capacity: 32, filler: .unused)
  }

  private init(copying other: borrowing RedBlackTreeIndex) {
    nodes = other.nodes.copy()
    root = other.root
    head = other.head
    count = other.count
  }

  /// - Complexity: O(slots in use), one copy of memory.
  public borrowing func copy() -> RedBlackTreeIndex { RedBlackTreeIndex(copying: self) }

  public var bytes: Int { nodes.bytes }

  @inline(__always)
  borrowing func entry(_ slot: UInt32) -> VMAEntry {
    if slot == 0 { return .none }
    return VMAEntry(
      handle: VMA.Handle(slot: slot), start: nodes[slot].start, end: nodes[slot].end)
  }

  /// - Complexity: O(log *n*), without a branch that depends on the address: a random lookup would
  ///   mispredict half of the levels, which costs more than the levels saved by stopping early.
  public borrowing func search(_ address: Address) -> VMAEntry {
    var slot = root
    var found: UInt32 = 0
    while slot != 0 {
      let goesRight: UInt32 = nodes[slot].end <= address ? 1 : 0
      let isAbove = goesRight &- 1
      found = found & ~isAbove | slot & isAbove
      slot = nodes[slot].child(goesRight)
    }
    return entry(found)
  }

  public borrowing func nodesProbed(for address: Address) -> Int {
    var probes = 0
    var slot = root
    while slot != 0 {
      probes += 1
      slot = nodes[slot].child(nodes[slot].end <= address ? 1 : 0)
    }
    return probes
  }

  /// - Complexity: O(log *n*), as `search`.
  public borrowing func findPrepare(_ address: Address) -> VMANeighbours {
    var slot = root
    var previous: UInt32 = 0
    var next: UInt32 = 0
    while slot != 0 {
      let goesRight: UInt32 = nodes[slot].end <= address ? 1 : 0
      let isAbove = goesRight &- 1
      next = next & ~isAbove | slot & isAbove
      previous = previous & isAbove | slot & ~isAbove
      slot = nodes[slot].child(goesRight)
    }
    return VMANeighbours(previous: entry(previous), next: entry(next))
  }

  /// - Complexity: O(1).
  public mutating func setRange(_ entry: VMAEntry, _ range: AddressRange) {
    nodes[entry.handle.slot].start = range.start
    nodes[entry.handle.slot].end = range.end
  }

  /// - Complexity: O(1).
  public borrowing func next(_ entry: VMAEntry) -> VMAEntry {
    self.entry(nodes[entry.handle.slot].next)
  }

  /// - Complexity: O(log *n*), O(1) amortised over a walk.
  public borrowing func previous(_ entry: VMAEntry) -> VMAEntry {
    self.entry(predecessor(of: entry.handle.slot))
  }

  public borrowing func first() -> VMAEntry { entry(head) }

  borrowing func predecessor(of slot: UInt32) -> UInt32 {
    var node = nodes[slot].left
    if node != 0 {
      while nodes[node].right != 0 { node = nodes[node].right }
      return node
    }
    node = slot
    var parent = nodes[node].parent
    while parent != 0 && nodes[parent].left == node {
      node = parent
      parent = nodes[node].parent
    }
    return parent
  }
}
