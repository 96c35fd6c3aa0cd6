extension BPlusTreeIndex {
  /// The last VMA of a leaf ends elsewhere, or is another one: corrects the key that says so.
  mutating func lastEndChanged(_ leaf: UInt32) {
    setKey(above: leaf, level: 0, to: leaves.end(leaf, leaves.count(leaf) &- 1))
  }

  /// Sets the greatest end below a node of a level (0 for leaves). It stands at the first node
  /// above in which the way down is not by the last child; the last leaf of all has no key.
  mutating func setKey(above node: UInt32, level: UInt32, to lastEnd: UInt64) {
    var node = node
    var level = level
    while true {
      let parent = self.parent(of: node, level: level)
      if parent == 0 { return }
      let position = self.position(of: node, in: parent)
      if position < inner.count(parent) &- 1 {
        inner.setKey(parent, position, lastEnd)
        return
      }
      node = parent
      level &+= 1
    }
  }

  @inline(__always)
  borrowing func parent(of node: UInt32, level: UInt32) -> UInt32 {
    level == 0 ? leaves.links[node].parent : inner.links[node].parent
  }

  @inline(__always)
  mutating func setParent(of node: UInt32, level: UInt32, _ parent: UInt32) {
    if level == 0 { leaves.links[node].parent = parent } else { inner.links[node].parent = parent }
  }

  /// The place of a child in its parent.
  borrowing func position(of child: UInt32, in parent: UInt32) -> Int {
    var position = 0
    while inner.child(of: parent, at: position) != child { position &+= 1 }
    return position
  }

  /// - Complexity: O(*n*).
  public borrowing func checkStructure() {
    var seen = 0
    var previousLeaf: UInt32 = 0
    var lastEnd: UInt64 = 0
    precondition(parent(of: root, level: UInt32(height)) == 0, "the root has a parent")
    check(
      root, level: height, limit: NodeKey.unused, previousLeaf: &previousLeaf, lastEnd: &lastEnd,
      seen: &seen)
    precondition(leaves.links[previousLeaf].next == 0, "the list of leaves goes on")
    precondition(seen == count, "the tree lost VMAs")
  }

  private borrowing func check(
    _ node: UInt32, level: Int, limit: UInt64, previousLeaf: inout UInt32,
    lastEnd: inout UInt64, seen: inout Int
  ) {
    if level == 0 {
      checkLeaf(node, previousLeaf: &previousLeaf, lastEnd: &lastEnd, seen: &seen)
      precondition(limit == NodeKey.unused || limit == lastEnd, "a key is not the last end")
      return
    }
    let childCount = inner.count(node)
    precondition(Int(inner.links[node].level) == level, "a node is at the wrong level")
    precondition(childCount >= 1 && childCount <= InnerNodes.capacity, "a node has no children")
    for position in 0..<childCount {
      let child = inner.child(of: node, at: position)
      precondition(
        parent(of: child, level: UInt32(level - 1)) == node, "a link upwards is wrong")
      let isLast = position == childCount - 1
      precondition((inner.key(node, position) == NodeKey.unused) == isLast, "a key is missing")
      check(
        child, level: level - 1, limit: isLast ? limit : inner.key(node, position),
        previousLeaf: &previousLeaf, lastEnd: &lastEnd, seen: &seen)
    }
    for position in childCount..<InnerNodes.capacity {
      precondition(inner.key(node, position) == NodeKey.unused, "an unused key is set")
    }
  }

  private borrowing func checkLeaf(
    _ leaf: UInt32, previousLeaf: inout UInt32, lastEnd: inout UInt64, seen: inout Int
  ) {
    let links = leaves.links[leaf]
    precondition(links.previous == previousLeaf, "a link back is wrong")
    precondition(
      previousLeaf == 0 ? firstLeaf == leaf : leaves.links[previousLeaf].next == leaf,
      "a link forward is wrong")
    precondition(links.count > 0 || height == 0, "a leaf is empty")
    for position in 0..<LeafNodes.capacity {
      if position >= Int(links.count) {
        precondition(leaves.end(leaf, position) == NodeKey.unused, "an unused end is set")
        precondition(leaves.slot(leaf, position) == 0, "an unused slot is set")
        continue
      }
      precondition(leaves.slot(leaf, position) != 0, "a VMA has no handle")
      precondition(leaves.start(leaf, position) >= lastEnd, "VMAs are out of order")
      precondition(leaves.end(leaf, position) > leaves.start(leaf, position), "a VMA is empty")
      lastEnd = leaves.end(leaf, position)
    }
    seen += Int(links.count)
    previousLeaf = leaf
  }
}
