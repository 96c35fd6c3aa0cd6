extension RedBlackTreeIndex {
  /// - Complexity: O(log *n*).
  ///
  /// Linux: `__vma_unlink`, `rb_erase`.
  public mutating func remove(_ entry: VMAEntry) {
    let slot = entry.handle.slot
    let previous = predecessor(of: slot)
    if previous == 0 { head = nodes[slot].next } else { nodes[previous].next = nodes[slot].next }
    unlink(slot)
    nodes[slot] = .unused
    count -= 1
  }

  private mutating func unlink(_ slot: UInt32) {
    let node = nodes[slot]
    let orphan: UInt32
    let orphanParent: UInt32
    let removedRed: Bool
    if node.left == 0 || node.right == 0 {
      // At most one child: it takes the place.
      orphan = node.left == 0 ? node.right : node.left
      orphanParent = node.parent
      removedRed = node.isRed
      replaceChild(slot, of: node.parent, with: orphan)
    } else {
      // Two children: the successor, which has no left child, takes the place and the colour.
      let successor = node.next
      removedRed = nodes[successor].isRed
      orphan = nodes[successor].right
      if nodes[successor].parent == slot {
        orphanParent = successor
      } else {
        orphanParent = nodes[successor].parent
        nodes[orphanParent].left = orphan
        if orphan != 0 { nodes[orphan].parent = orphanParent }
        nodes[successor].right = node.right
        nodes[node.right].parent = successor
      }
      replaceChild(slot, of: node.parent, with: successor)
      nodes[successor].left = node.left
      nodes[node.left].parent = successor
      nodes[successor].isRed = node.isRed
    }
    if !removedRed { rebalanceAfterRemoval(at: orphan, below: orphanParent) }
  }

  /// `node` (perhaps nil) stands where paths have one black node too few.
  private mutating func rebalanceAfterRemoval(at start: UInt32, below startParent: UInt32) {
    var node = start
    var parent = startParent
    while parent != 0 && !nodes[node].isRed {
      if nodes[parent].left == node {
        var sibling = nodes[parent].right
        if nodes[sibling].isRed {
          nodes[sibling].isRed = false
          nodes[parent].isRed = true
          rotateLeft(parent)
          sibling = nodes[parent].right
        }
        if !nodes[nodes[sibling].left].isRed && !nodes[nodes[sibling].right].isRed {
          nodes[sibling].isRed = true
          node = parent
          parent = nodes[node].parent
          continue
        }
        if !nodes[nodes[sibling].right].isRed {
          nodes[nodes[sibling].left].isRed = false
          nodes[sibling].isRed = true
          rotateRight(sibling)
          sibling = nodes[parent].right
        }
        nodes[sibling].isRed = nodes[parent].isRed
        nodes[parent].isRed = false
        nodes[nodes[sibling].right].isRed = false
        rotateLeft(parent)
        return
      }
      var sibling = nodes[parent].left
      if nodes[sibling].isRed {
        nodes[sibling].isRed = false
        nodes[parent].isRed = true
        rotateRight(parent)
        sibling = nodes[parent].left
      }
      if !nodes[nodes[sibling].left].isRed && !nodes[nodes[sibling].right].isRed {
        nodes[sibling].isRed = true
        node = parent
        parent = nodes[node].parent
        continue
      }
      if !nodes[nodes[sibling].left].isRed {
        nodes[nodes[sibling].right].isRed = false
        nodes[sibling].isRed = true
        rotateLeft(sibling)
        sibling = nodes[parent].left
      }
      nodes[sibling].isRed = nodes[parent].isRed
      nodes[parent].isRed = false
      nodes[nodes[sibling].left].isRed = false
      rotateRight(parent)
      return
    }
    if node != 0 { nodes[node].isRed = false }
  }

  /// Linux: `browse_rb` in `validate_mm`.
  public borrowing func checkStructure() {
    precondition(!nodes[0].isRed, "the nil leaf is red")
    precondition(!nodes[root].isRed, "the root is red")
    precondition(root == 0 || nodes[root].parent == 0, "the root has a parent")
    var seen = 0
    _ = blackHeight(below: root, seen: &seen)
    precondition(seen == count, "the tree lost VMAs")
    var listed = 0
    var slot = head
    var previous: UInt32 = 0
    while slot != 0 {
      precondition(predecessor(of: slot) == previous, "list and tree differ")
      previous = slot
      slot = nodes[slot].next
      listed += 1
      precondition(listed <= count, "the list has a cycle")
    }
    precondition(listed == count, "the list lost VMAs")
  }

  private borrowing func blackHeight(below slot: UInt32, seen: inout Int) -> Int {
    if slot == 0 { return 1 }
    seen += 1
    let node = nodes[slot]
    for child in [node.left, node.right] where child != 0 {
      precondition(nodes[child].parent == slot, "a link upwards is wrong")
      precondition(!node.isRed || !nodes[child].isRed, "a red node has a red child")
    }
    let left = blackHeight(below: node.left, seen: &seen)
    let right = blackHeight(below: node.right, seen: &seen)
    precondition(left == right, "black heights differ")
    return left + (node.isRed ? 0 : 1)
  }
}
