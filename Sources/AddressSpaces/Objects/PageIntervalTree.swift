/// VMAs by the pages of one file that they show: answers who maps page *n*.
///
/// A binary tree ordered by first page, balanced by fixed pseudo-random priorities, in which each
/// node knows the highest page below it.
///
/// Linux: `struct prio_tree_root`, the `i_mmap` of a file; the interval tree since 3.7.
struct PageIntervalTree {
  private struct Node {
    var pages: ClosedRange<UInt64>
    var handle: VMA.Handle
    /// The highest page of the node and all below it.
    var highest: UInt64
    var left: Int32 = -1
    var right: Int32 = -1
  }

  private var nodes: [Node] = []
  private var free: [Int32] = []
  private var root: Int32 = -1

  /// The number of VMAs.
  var count: Int { nodes.count - free.count }

  /// - Complexity: O(log *n*), expected.
  mutating func insert(_ handle: VMA.Handle, _ pages: ClosedRange<UInt64>) {
    let node = Node(pages: pages, handle: handle, highest: pages.upperBound)
    let slot: Int32
    if let reused = free.popLast() {
      slot = reused
      nodes[Int(slot)] = node
    } else {
      slot = Int32(nodes.count)
      nodes.append(node)
    }
    let (below, above) = split(root, before: key(slot))
    root = join(join(below, slot), above)
  }

  /// Takes a VMA out; it must be there with exactly these pages.
  ///
  /// - Complexity: O(log *n*), expected.
  mutating func remove(_ handle: VMA.Handle, _ pages: ClosedRange<UInt64>) {
    let wanted = (pages.lowerBound, handle.slot)
    let (below, rest) = split(root, before: wanted)
    let (found, above) = split(rest, before: (pages.lowerBound, handle.slot + 1))
    precondition(
      found >= 0 && nodes[Int(found)].pages == pages && nodes[Int(found)].left < 0
        && nodes[Int(found)].right < 0, "a file does not know a VMA that maps it")
    free.append(found)
    root = join(below, above)
  }

  /// Calls `body` for each VMA that shows a page of `pages`, in the order of their first pages.
  ///
  /// - Complexity: O(log *n* + *k*), expected, for *k* VMAs.
  func forEach(mapping pages: ClosedRange<UInt64>, _ body: (VMA.Handle) -> Void) {
    visit(root, pages, body)
  }

  private func visit(_ slot: Int32, _ pages: ClosedRange<UInt64>, _ body: (VMA.Handle) -> Void) {
    if slot < 0 { return }
    let node = nodes[Int(slot)]
    if node.highest < pages.lowerBound { return }
    visit(node.left, pages, body)
    if node.pages.lowerBound > pages.upperBound { return }
    if node.pages.upperBound >= pages.lowerBound { body(node.handle) }
    visit(node.right, pages, body)
  }

  private func key(_ slot: Int32) -> (UInt64, UInt32) {
    (nodes[Int(slot)].pages.lowerBound, nodes[Int(slot)].handle.slot)
  }

  /// The same for the same slot: a tree does not depend on chance.
  private func priority(_ slot: Int32) -> UInt64 {
    var bits = UInt64(UInt32(bitPattern: slot)) &+ 0x9e37_79b9_7f4a_7c15
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    return bits ^ (bits >> 31)
  }

  private mutating func split(
    _ slot: Int32, before border: (UInt64, UInt32)
  ) -> (below: Int32, above: Int32) {
    if slot < 0 { return (-1, -1) }
    if key(slot) < border {
      let (below, above) = split(nodes[Int(slot)].right, before: border)
      nodes[Int(slot)].right = below
      update(slot)
      return (slot, above)
    }
    let (below, above) = split(nodes[Int(slot)].left, before: border)
    nodes[Int(slot)].left = above
    update(slot)
    return (below, slot)
  }

  private mutating func join(_ below: Int32, _ above: Int32) -> Int32 {
    if below < 0 { return above }
    if above < 0 { return below }
    if priority(below) > priority(above) {
      nodes[Int(below)].right = join(nodes[Int(below)].right, above)
      update(below)
      return below
    }
    nodes[Int(above)].left = join(below, nodes[Int(above)].left)
    update(above)
    return above
  }

  private mutating func update(_ slot: Int32) {
    var highest = nodes[Int(slot)].pages.upperBound
    for child in [nodes[Int(slot)].left, nodes[Int(slot)].right] where child >= 0 {
      highest = max(highest, nodes[Int(child)].highest)
    }
    nodes[Int(slot)].highest = highest
  }
}
