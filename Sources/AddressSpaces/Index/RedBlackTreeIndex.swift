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
  public internal(set) var count = 0

  struct Node: BitwiseCopyable {
    var start: Address
    var end: Address
    var left: UInt32
    var right: UInt32
    /// The parent's slot times two, plus one if the node is red.
    var parentAndColor: UInt32
    /// The VMA that follows in address order (`vm_next`).
    var next: UInt32

    static let unused = Node(
      start: .zero, end: .zero, left: 0, right: 0, parentAndColor: 0, next: 0)

    var parent: UInt32 {
      @inline(__always) get { parentAndColor >> 1 }
      @inline(__always) set { parentAndColor = newValue << 1 | parentAndColor & 1 }
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
    nodes = other.nodes.copy(filler: .unused)
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

  /// - Complexity: O(log *n*).
  public borrowing func search(_ address: Address) -> VMAEntry {
    var slot = root
    var found: UInt32 = 0
    while slot != 0 {
      if nodes[slot].end > address {
        found = slot
        if nodes[slot].start <= address { break }
        slot = nodes[slot].left
      } else {
        slot = nodes[slot].right
      }
    }
    return entry(found)
  }

  /// - Complexity: O(log *n*).
  public borrowing func findPrepare(_ address: Address) -> VMANeighbours {
    var slot = root
    var previous: UInt32 = 0
    var next: UInt32 = 0
    while slot != 0 {
      if nodes[slot].end > address {
        next = slot
        slot = nodes[slot].left
      } else {
        previous = slot
        slot = nodes[slot].right
      }
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
