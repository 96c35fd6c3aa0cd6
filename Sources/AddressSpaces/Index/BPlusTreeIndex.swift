public import SyscallABI

/// A B+ tree of sixteen keys a node: the fastest index, and the default.
///
/// The key of a VMA is its end, since find_vma asks for the first VMA that ends above an address.
/// A leaf holds the ends, starts and handles of up to sixteen VMAs in five cache lines; an inner
/// node has the greatest end below each child but the last, which has none. A node is searched by
/// counting the keys that are at most the address, those of a quarter at once and without a branch,
/// so that random lookups mispredict nothing. Unused keys are greater than every page number.
///
/// ```
///                [ 30  75   -  ]            keys: the greatest end below each child
///               /      |      \
///  [10 12 30]     [47 51 70 75]     [80 99]     leaves, linked in both directions
/// ```
///
/// For whoever changes this: a key is always exactly the end of the last VMA below it, so every
/// change of the last VMA of a leaf has to go through `lastEndChanged`. Starts are in no key.
///
/// Linux: what the maple tree is since 6.1, `mm->mm_mt`; the answers are those of `find_vma`.
public struct BPlusTreeIndex: VMAIndex, ~Copyable {
  var leaves = LeafNodes()
  var inner = InnerNodes()
  /// A leaf if `height` is 0, else an inner node.
  var root: UInt32
  /// The number of inner nodes on the way to each leaf.
  var height = 0
  var firstLeaf: UInt32
  /// The leaf that was changed last: calls come in runs that concern the same few VMAs.
  var lastLeaf: UInt32
  private let addressOnly = AddressOnly()
  public internal(set) var hintOfLastInsert: UInt32 = 0
  public internal(set) var count = 0

  public init() {
    root = leaves.allocate()
    firstLeaf = root
    lastLeaf = root
  }

  private init(copying other: borrowing BPlusTreeIndex) {
    leaves = other.leaves.copy()
    inner = other.inner.copy()
    root = other.root
    height = other.height
    firstLeaf = other.firstLeaf
    lastLeaf = other.lastLeaf
    count = other.count
  }

  /// - Complexity: O(*n*), one copy of memory.
  public borrowing func copy() -> BPlusTreeIndex { BPlusTreeIndex(copying: self) }

  public var bytes: Int { leaves.bytes + inner.bytes }

  /// The leaf in which the first VMA that ends above `page` is, if there is one.
  @inline(__always)
  borrowing func leaf(above page: UInt64) -> UInt32 {
    if nodesAreFar { return farLeaf(above: page) }
    var node = root
    var level = height
    while level > 0 {
      node = inner.child(of: node, at: inner.position(in: node, above: page))
      level &-= 1
    }
    return node
  }

  /// The same, where it is worth while to fetch all of a node at once, whatever is read first.
  private borrowing func farLeaf(above page: UInt64) -> UInt32 {
    var node = root
    var level = height
    while level > 1 {
      node = inner.child(of: node, at: inner.position(in: node, above: page))
      inner.prefetch(node)
      level &-= 1
    }
    let leaf = inner.child(of: node, at: inner.position(in: node, above: page))
    leaves.prefetch(leaf)
    return leaf
  }

  /// The same, but looks into the leaf that was changed last before it descends.
  ///
  /// In a tree with a single inner node that is not worth a branch.
  @inline(__always)
  borrowing func nearbyLeaf(above page: UInt64) -> UInt32 {
    if height >= 2 && leaves.start(lastLeaf, 0) <= page && leaves.contains(lastLeaf, page) {
      return lastLeaf
    }
    return leaf(above: page)
  }

  /// The VMA at a position of a leaf; the nil entry beyond its last one.
  @inline(__always)
  borrowing func entry(_ leaf: UInt32, _ position: Int) -> VMAEntry {
    if position == LeafNodes.capacity { return .none }
    let row = leaves.row(leaf, position)
    if row.end == NodeKey.unused { return .none }
    return VMAEntry(
      handle: VMA.Handle(slot: row.slot), start: Address(row.start << Page.shift),
      end: Address(row.end << Page.shift),
      hint: leaf << 4 | UInt32(truncatingIfNeeded: position))
  }

  /// Where a VMA of the index is now: where it was found, else in the leaf where it was found,
  /// else wherever a search finds it.
  @inline(__always)
  borrowing func locate(_ entry: VMAEntry) -> (leaf: UInt32, position: Int) {
    let leaf = entry.hint >> 4
    let position = Int(entry.hint & 15)
    if leaves.exists(leaf) && leaves.slot(leaf, position) == entry.handle.slot {
      return (leaf, position)
    }
    return locateAnew(entry)
  }

  private borrowing func locateAnew(_ entry: VMAEntry) -> (leaf: UInt32, position: Int) {
    let page = entry.start.pageNumber
    let hinted = entry.hint >> 4
    if leaves.exists(hinted) {
      let position = leaves.position(in: hinted, above: page)
      if position < LeafNodes.capacity
        && leaves.slot(hinted, position) == entry.handle.slot
      {
        return (hinted, position)
      }
    }
    let leaf = leaf(above: page)
    let position = leaves.position(in: leaf, above: page)
    assert(leaves.slot(leaf, position) == entry.handle.slot, "the VMA is not in the index")
    return (leaf, position)
  }

  /// - Complexity: O(log *n*), without branches that depend on the address.
  public borrowing func search(_ address: Address) -> VMAEntry {
    let page = address.pageNumber
    let leaf = leaf(above: page)
    return entry(leaf, leaves.position(in: leaf, above: page))
  }

  /// There are so many nodes that one which is searched for is likely to be in no cache near by.
  @inline(__always)
  private var nodesAreFar: Bool { height >= 3 }

  public borrowing func nodesProbed(for address: Address) -> Int { height + 1 }

  /// As `search`, but at first where the last change was.
  public mutating func find(_ address: Address) -> VMAEntry {
    let page = address.pageNumber
    let leaf = nearbyLeaf(above: page)
    return entry(leaf, leaves.position(in: leaf, above: page))
  }

  /// - Complexity: O(log *n*).
  public borrowing func findPrepare(_ address: Address) -> VMANeighbours {
    let page = address.pageNumber
    let leaf = nearbyLeaf(above: page)
    let position = leaves.position(in: leaf, above: page)
    return VMANeighbours(previous: entry(before: position, of: leaf), next: entry(leaf, position))
  }

  @inline(__always)
  private borrowing func entry(before position: Int, of leaf: UInt32) -> VMAEntry {
    if position > 0 { return entry(leaf, position &- 1) }
    let previous = leaves.links[leaf].previous
    if previous == 0 { return .none }
    return entry(previous, leaves.count(previous) &- 1)
  }

  /// - Complexity: O(1), O(log *n*) for an entry that moved since it was found.
  public borrowing func next(_ entry: VMAEntry) -> VMAEntry {
    let (leaf, position) = locate(entry)
    let next = self.entry(leaf, position &+ 1)
    if !next.isNone { return next }
    let nextLeaf = leaves.links[leaf].next
    return nextLeaf == 0 ? .none : self.entry(nextLeaf, 0)
  }

  /// - Complexity: O(1), O(log *n*) for an entry that moved since it was found.
  public borrowing func previous(_ entry: VMAEntry) -> VMAEntry {
    let (leaf, position) = locate(entry)
    return self.entry(before: position, of: leaf)
  }

  public borrowing func first() -> VMAEntry { entry(firstLeaf, 0) }

  /// Leaf by leaf.
  @inline(__always)
  public borrowing func forEachEntry(_ body: (VMAEntry) -> Void) {
    var leaf = firstLeaf
    while leaf != 0 {
      for position in 0..<leaves.count(leaf) { body(entry(leaf, position)) }
      leaf = leaves.links[leaf].next
    }
  }

  /// - Complexity: O(1), O(log *n*) for an entry that moved since it was found or where the last
  ///   VMA of a leaf gets another end.
  public mutating func setRange(_ entry: VMAEntry, _ range: AddressRange) {
    let (leaf, position) = locate(entry)
    lastLeaf = leaf
    leaves.setStart(leaf, position, range.start.pageNumber)
    if range.end == entry.end { return }
    leaves.setEnd(leaf, position, range.end.pageNumber)
    if position == leaves.count(leaf) &- 1 { lastEndChanged(leaf) }
  }
}
