public import SyscallABI

/// The list of VMAs in address order, walked from its head: the baseline of every comparison.
///
/// Linux: `mm->mmap` with `vm_next` and `vm_prev`.
public struct LinkedListIndex: VMAIndex, ~Copyable {
  private var nodes: SlotArray<Node>
  private var head: UInt32 = 0
  private let addressOnly = AddressOnly()
  public private(set) var count = 0

  struct Node: BitwiseCopyable {
    var start: Address
    var end: Address
    var next: UInt32
    var previous: UInt32

    static let unused = Node(start: .zero, end: .zero, next: 0, previous: 0)
  }

  public init() {
    nodes = SlotArray(capacity: 32, filler: .unused)
  }

  private init(copying other: borrowing LinkedListIndex) {
    nodes = other.nodes.copy()
    head = other.head
    count = other.count
  }

  public borrowing func copy() -> LinkedListIndex { LinkedListIndex(copying: self) }

  public var bytes: Int { nodes.bytes }

  private borrowing func entry(_ slot: UInt32) -> VMAEntry {
    if slot == 0 { return .none }
    let node = nodes[slot]
    return VMAEntry(handle: VMA.Handle(slot: slot), start: node.start, end: node.end)
  }

  /// - Complexity: O(*n*).
  public borrowing func search(_ address: Address) -> VMAEntry {
    var slot = head
    while slot != 0 && nodes[slot].end <= address { slot = nodes[slot].next }
    return entry(slot)
  }

  public borrowing func nodesProbed(for address: Address) -> Int {
    var probes = 0
    var slot = head
    while slot != 0 {
      probes += 1
      if nodes[slot].end > address { break }
      slot = nodes[slot].next
    }
    return probes
  }

  /// - Complexity: O(*n*).
  public borrowing func findPrepare(_ address: Address) -> VMANeighbours {
    var slot = head
    var previous: UInt32 = 0
    while slot != 0 && nodes[slot].end <= address {
      previous = slot
      slot = nodes[slot].next
    }
    return VMANeighbours(previous: entry(previous), next: entry(slot))
  }

  /// - Complexity: amortised O(1).
  public mutating func insert(
    _ handle: VMA.Handle, _ range: AddressRange, between: VMANeighbours
  ) {
    let slot = handle.slot
    let previous = between.previous.handle.slot
    let next = between.next.handle.slot
    nodes.ensure(slot, filler: .unused)
    nodes[slot] = Node(start: range.start, end: range.end, next: next, previous: previous)
    if previous == 0 { head = slot } else { nodes[previous].next = slot }
    if next != 0 { nodes[next].previous = slot }
    count += 1
  }

  /// - Complexity: O(1).
  public mutating func remove(_ entry: VMAEntry) {
    let node = nodes[entry.handle.slot]
    if node.previous == 0 { head = node.next } else { nodes[node.previous].next = node.next }
    if node.next != 0 { nodes[node.next].previous = node.previous }
    nodes[entry.handle.slot] = .unused
    count -= 1
  }

  /// - Complexity: O(1).
  public mutating func setRange(_ entry: VMAEntry, _ range: AddressRange) {
    nodes[entry.handle.slot].start = range.start
    nodes[entry.handle.slot].end = range.end
  }

  public borrowing func next(_ entry: VMAEntry) -> VMAEntry {
    self.entry(nodes[entry.handle.slot].next)
  }

  public borrowing func previous(_ entry: VMAEntry) -> VMAEntry {
    self.entry(nodes[entry.handle.slot].previous)
  }

  public borrowing func first() -> VMAEntry { entry(head) }

  public borrowing func checkStructure() {
    var seen = 0
    var previous: UInt32 = 0
    var slot = head
    while slot != 0 {
      precondition(nodes[slot].previous == previous, "a back link of the list is wrong")
      previous = slot
      slot = nodes[slot].next
      seen += 1
      precondition(seen <= count, "the list has a cycle")
    }
    precondition(seen == count, "the list lost VMAs")
  }
}
