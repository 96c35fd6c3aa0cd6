import SyscallABI

extension BPlusTreeIndex {
  /// - Complexity: O(1), O(log *n*) where a leaf becomes too small or has a new last VMA.
  public mutating func remove(_ entry: VMAEntry) {
    let (leaf, position) = locate(entry)
    let count = leaves.count(leaf) &- 1
    leaves.remove(leaf, position, of: count &+ 1)
    self.count &-= 1
    lastLeaf = leaf
    if count > Self.fewVMAs {
      if position == count { lastEndChanged(leaf) }
      return
    }
    if count == 0 {
      removeLeaf(leaf)
      return
    }
    if position == count { lastEndChanged(leaf) }
    joinNeighbour(leaf)
  }

  /// A leaf with at most so many VMAs tries to become one with a neighbour.
  private static var fewVMAs: Int { LeafNodes.capacity / 2 }

  /// Two leaves with at most so many VMAs together become one; there is room left in it, so that
  /// the next insertion does not split it again.
  private static var enoughForOne: Int { LeafNodes.capacity - 2 }

  private mutating func joinNeighbour(_ leaf: UInt32) {
    let next = leaves.links[leaf].next
    if next != 0 && leaves.count(leaf) + leaves.count(next) <= Self.enoughForOne {
      moveAll(of: leaf, into: next)
      return
    }
    let previous = leaves.links[leaf].previous
    if previous != 0 && leaves.count(leaf) + leaves.count(previous) <= Self.enoughForOne {
      moveAll(of: previous, into: leaf)
    }
  }

  /// Upwards, since the key above the upper leaf then stays as it is.
  private mutating func moveAll(of leaf: UInt32, into next: UInt32) {
    let moved = leaves.count(leaf)
    leaves.move(leaves.count(next), from: next, 0, to: next, moved)
    leaves.move(moved, from: leaf, 0, to: next, 0)
    leaves.links[next].count += UInt32(moved)
    leaves.clear(leaf, 0..<moved)
    leaves.links[leaf].count = 0
    removeLeaf(leaf)
  }

  /// Takes an empty leaf out, unless it is the only one.
  private mutating func removeLeaf(_ leaf: UInt32) {
    let links = leaves.links[leaf]
    if links.parent == 0 { return }
    if links.previous == 0 {
      firstLeaf = links.next
    } else {
      leaves.links[links.previous].next = links.next
    }
    if links.next != 0 { leaves.links[links.next].previous = links.previous }
    removeNode(leaf, level: 0)
    leaves.free(leaf)
    shortenRoot()
  }

  /// Takes a node out of its parent, and the parent out of its own if nothing is left of it.
  private mutating func removeNode(_ node: UInt32, level: UInt32) {
    let parent = self.parent(of: node, level: level)
    let position = self.position(of: node, in: parent)
    let count = inner.count(parent) - 1
    if count == 0 {
      // A root with a single child was shortened, so there is a node above.
      removeNode(parent, level: level + 1)
      inner.free(parent)
      return
    }
    let lastEnd = inner.key(parent, count - 1)
    inner.move(count - position, from: parent, position + 1, to: parent, position)
    inner.setKey(parent, count, NodeKey.unused)
    inner.links[parent].count = UInt32(count)
    if position == count {
      // The child that is last now has no key of its own: it moves up to the parent's.
      inner.setKey(parent, count - 1, NodeKey.unused)
      setKey(above: parent, level: level + 1, to: lastEnd)
    }
    if count <= Self.fewChildren { joinSibling(parent, level: level + 1) }
  }

  private static var fewChildren: Int { InnerNodes.capacity / 4 }

  /// Two inner nodes below one parent become one if their children fit well into one.
  private mutating func joinSibling(_ node: UInt32, level: UInt32) {
    let parent = inner.links[node].parent
    if parent == 0 || inner.count(parent) == 1 { return }
    let position = self.position(of: node, in: parent)
    let lowerPosition = position + 1 < inner.count(parent) ? position : position - 1
    let lower = inner.child(of: parent, at: lowerPosition)
    let upper = inner.child(of: parent, at: lowerPosition + 1)
    let moved = inner.count(lower)
    if moved + inner.count(upper) > InnerNodes.capacity * 3 / 4 { return }
    inner.move(inner.count(upper), from: upper, 0, to: upper, moved)
    inner.move(moved, from: lower, 0, to: upper, 0)
    inner.setKey(upper, moved - 1, inner.key(parent, lowerPosition))
    inner.links[upper].count += UInt32(moved)
    for child in 0..<moved {
      setParent(of: inner.child(of: upper, at: child), level: level - 1, upper)
    }
    removeNode(lower, level: level)
    inner.free(lower)
  }

  private mutating func shortenRoot() {
    while height > 0 && inner.count(root) == 1 {
      let child = inner.child(of: root, at: 0)
      inner.free(root)
      height -= 1
      root = child
      setParent(of: child, level: UInt32(height), 0)
    }
  }
}
