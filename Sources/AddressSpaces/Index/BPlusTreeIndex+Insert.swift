public import SyscallABI

extension BPlusTreeIndex {
  /// - Complexity: O(1) in a leaf that has room, else O(log *n*).
  public mutating func insert(
    _ handle: VMA.Handle, _ range: AddressRange, between: VMANeighbours
  ) {
    var (leaf, position) = placeForInsertion(of: range, between)
    if leaves.count(leaf) == LeafNodes.capacity {
      (leaf, position) = makeRoom(in: leaf, at: position)
    }
    let count = leaves.count(leaf)
    leaves.insert(
      leaf, position, of: count, start: range.start.pageNumber, end: range.end.pageNumber,
      slot: handle.slot)
    self.count &+= 1
    lastLeaf = leaf
    hintOfLastInsert = leaf << 4 | UInt32(truncatingIfNeeded: position)
    // The last leaf has no key. In others a new last VMA can only come from `makeRoom`.
    if position == count { lastEndChanged(leaf) }
  }

  /// Before the VMA above, or at the end of the last leaf.
  @inline(__always)
  private borrowing func placeForInsertion(
    of range: AddressRange, _ between: VMANeighbours
  ) -> (leaf: UInt32, position: Int) {
    if !between.next.isNone { return locate(between.next) }
    if between.previous.isNone { return (firstLeaf, 0) }
    let (leaf, position) = locate(between.previous)
    return (leaf, position &+ 1)
  }

  /// Moves VMAs out of a full leaf. Returns where a VMA that was to stand at `position` goes now.
  private mutating func makeRoom(in leaf: UInt32, at position: Int) -> (UInt32, Int) {
    let (next, previous) = (leaves.links[leaf].next, leaves.links[leaf].previous)
    if next == 0 && position == LeafNodes.capacity {
      // Ascending insertions fill their leaves.
      return (splitLeaf(leaf, at: LeafNodes.capacity), 0)
    }
    if position > 0 && position <= LeafNodes.capacity / 2
      && hintOfLastInsert == leaf << 4 | UInt32(truncatingIfNeeded: position)
    {
      // So do descending ones, each right below the one before: what is above stays together.
      _ = splitLeaf(leaf, at: position)
      return (leaf, position)
    }
    // A neighbour that has room takes half of it, which keeps leaves fuller than splitting at once.
    if next != 0 && leaves.count(next) <= Self.takesFromNeighbours {
      let moved = (LeafNodes.capacity - leaves.count(next)) / 2
      moveUp(moved, from: leaf, to: next)
      let kept = LeafNodes.capacity - moved
      return position <= kept ? (leaf, position) : (next, position - kept)
    }
    if previous != 0 && leaves.count(previous) <= Self.takesFromNeighbours {
      let had = leaves.count(previous)
      let moved = (LeafNodes.capacity - had) / 2
      moveDown(moved, from: leaf, to: previous)
      return position < moved ? (previous, had + position) : (leaf, position - moved)
    }
    let half = LeafNodes.capacity / 2
    let upper = splitLeaf(leaf, at: half)
    return position <= half ? (leaf, position) : (upper, position - half)
  }

  /// The most VMAs in a leaf that takes some from a full neighbour.
  private static var takesFromNeighbours: Int { 13 }

  /// Moves the last VMAs of a leaf to the front of the next.
  private mutating func moveUp(_ moved: Int, from leaf: UInt32, to next: UInt32) {
    let kept = leaves.count(leaf) - moved
    leaves.move(leaves.count(next), from: next, 0, to: next, moved)
    leaves.move(moved, from: leaf, kept, to: next, 0)
    leaves.links[next].count += UInt32(moved)
    truncate(leaf, to: kept)
    lastEndChanged(leaf)
  }

  /// Moves the first VMAs of a leaf to the end of the previous one.
  private mutating func moveDown(_ moved: Int, from leaf: UInt32, to previous: UInt32) {
    let kept = leaves.count(leaf) - moved
    leaves.move(moved, from: leaf, 0, to: previous, leaves.count(previous))
    leaves.links[previous].count += UInt32(moved)
    leaves.move(kept, from: leaf, moved, to: leaf, 0)
    truncate(leaf, to: kept)
    lastEndChanged(previous)
  }

  private mutating func truncate(_ leaf: UInt32, to count: Int) {
    leaves.clear(leaf, count..<leaves.count(leaf))
    leaves.links[leaf].count = UInt32(count)
  }

  /// Moves the VMAs of a leaf from a position on into a new leaf behind it, and returns that.
  private mutating func splitLeaf(_ leaf: UInt32, at position: Int) -> UInt32 {
    let upper = leaves.allocate()
    let moved = leaves.count(leaf) - position
    leaves.move(moved, from: leaf, position, to: upper, 0)
    leaves.links[upper].count = UInt32(moved)
    truncate(leaf, to: position)
    let next = leaves.links[leaf].next
    leaves.links[upper].next = next
    leaves.links[upper].previous = leaf
    leaves.links[leaf].next = upper
    if next != 0 { leaves.links[next].previous = upper }
    insertNode(upper, level: 0, behind: leaf, whoseLastEndIs: leaves.end(leaf, position - 1))
    return upper
  }

  /// Hangs a new node of a level (0 for leaves) behind another of which it was split off.
  private mutating func insertNode(
    _ node: UInt32, level: UInt32, behind lower: UInt32, whoseLastEndIs lastEnd: UInt64
  ) {
    var parent = self.parent(of: lower, level: level)
    if parent == 0 {
      parent = inner.allocate(level: level + 1)
      inner.links[parent].count = 1
      inner.setChild(of: parent, at: 0, lower)
      setParent(of: lower, level: level, parent)
      root = parent
      height += 1
    }
    var position = self.position(of: lower, in: parent)
    if inner.count(parent) == InnerNodes.capacity {
      (parent, position) = splitInner(parent, at: position)
    }
    // The new node ends where the lower one did; that one has a new end.
    let count = inner.count(parent)
    inner.move(count - position - 1, from: parent, position + 1, to: parent, position + 2)
    inner.setKey(parent, position + 1, inner.key(parent, position))
    inner.setKey(parent, position, lastEnd)
    inner.setChild(of: parent, at: position + 1, node)
    inner.links[parent].count += 1
    setParent(of: node, level: level, parent)
  }

  /// Cuts a full inner node in two. Returns where the child that was at `position` is now.
  private mutating func splitInner(_ node: UInt32, at position: Int) -> (UInt32, Int) {
    let count = InnerNodes.capacity
    // Ascending insertions fill their nodes.
    let kept = position == count - 1 ? count - 1 : count / 2
    let level = inner.links[node].level
    let upper = inner.allocate(level: level)
    inner.move(count - kept, from: node, kept, to: upper, 0)
    inner.links[upper].count = UInt32(count - kept)
    for child in 0..<(count - kept) {
      setParent(of: inner.child(of: upper, at: child), level: level - 1, upper)
    }
    let lastEnd = inner.key(node, kept - 1)
    for position in (kept - 1)..<count { inner.setKey(node, position, NodeKey.unused) }
    inner.links[node].count = UInt32(kept)
    insertNode(upper, level: level, behind: node, whoseLastEndIs: lastEnd)
    return position < kept ? (node, position) : (upper, position - kept)
  }
}
