public import SyscallABI

extension RedBlackTreeIndex {
  /// The place of a node between two that follow each other needs no search: either the lower one
  /// has no right child, or the upper one is in that subtree and has no left child.
  ///
  /// - Complexity: amortised O(1) besides rebalancing, which is O(log *n*).
  ///
  /// Linux: `__vma_link` (list and tree), `rb_insert_color`.
  public mutating func insert(
    _ handle: VMA.Handle, _ range: AddressRange, between: VMANeighbours
  ) {
    let slot = handle.slot
    let previous = between.previous.handle.slot
    let next = between.next.handle.slot
    nodes.ensure(slot, filler: .unused)
    let parent: UInt32
    if previous != 0 && nodes[previous].right == 0 {
      parent = previous
      nodes[parent].right = slot
    } else if next != 0 {
      assert(nodes[next].left == 0, "the neighbours do not follow each other")
      parent = next
      nodes[parent].left = slot
    } else {
      assert(root == 0, "neighbours are missing in a tree that has nodes")
      parent = 0
      root = slot
    }
    nodes[slot] = Node(
      start: range.start, end: range.end, children: 0, parentAndColor: parent << 1 | 1,
      next: next)
    if previous == 0 { head = slot } else { nodes[previous].next = slot }
    count += 1
    rebalanceAfterInsertion(of: slot)
  }

  private mutating func rebalanceAfterInsertion(of inserted: UInt32) {
    var node = inserted
    while true {
      var parent = nodes[node].parent
      if parent == 0 {
        nodes[node].isRed = false
        return
      }
      if !nodes[parent].isRed { return }
      // A red node is never the root, so there is a grandparent.
      let grandparent = nodes[parent].parent
      let parentIsLeft = nodes[grandparent].left == parent
      let uncle = parentIsLeft ? nodes[grandparent].right : nodes[grandparent].left
      if uncle != 0 && nodes[uncle].isRed {
        nodes[parent].isRed = false
        nodes[uncle].isRed = false
        nodes[grandparent].isRed = true
        node = grandparent
        continue
      }
      if parentIsLeft {
        if nodes[parent].right == node {
          rotateLeft(parent)
          parent = node
        }
        rotateRight(grandparent)
      } else {
        if nodes[parent].left == node {
          rotateRight(parent)
          parent = node
        }
        rotateLeft(grandparent)
      }
      nodes[parent].isRed = false
      nodes[grandparent].isRed = true
      return
    }
  }

  /// Puts `new` where `old` hangs; the link upwards of `new` is set too, unless it is nil.
  mutating func replaceChild(_ old: UInt32, of parent: UInt32, with new: UInt32) {
    if parent == 0 {
      root = new
    } else if nodes[parent].left == old {
      nodes[parent].left = new
    } else {
      nodes[parent].right = new
    }
    if new != 0 { nodes[new].parent = parent }
  }

  /// ```
  ///    x                y
  ///   / \              / \
  ///  a   y     =>     x   c
  ///     / \          / \
  ///    b   c        a   b
  /// ```
  mutating func rotateLeft(_ x: UInt32) {
    rotations &+= 1
    let y = nodes[x].right
    let b = nodes[y].left
    replaceChild(x, of: nodes[x].parent, with: y)
    nodes[x].right = b
    if b != 0 { nodes[b].parent = x }
    nodes[y].left = x
    nodes[x].parent = y
  }

  /// The mirror image of `rotateLeft`.
  mutating func rotateRight(_ x: UInt32) {
    rotations &+= 1
    let y = nodes[x].left
    let b = nodes[y].right
    replaceChild(x, of: nodes[x].parent, with: y)
    nodes[x].left = b
    if b != 0 { nodes[b].parent = x }
    nodes[y].right = x
    nodes[x].parent = y
  }
}
