enum NodeKey {
  /// Above every page number.
  static let unused: UInt64 = 1 << 62
}

/// The leaves of a B+ tree: up to sixteen VMAs each, in address order. Leaf 0 is nil.
///
/// ```
/// word 0        16        32      40
///      | ends   | starts  | slots |     five cache lines
/// ```
struct LeafNodes: ~Copyable {
  private var words: WordArray
  var links: SlotArray<Links>
  private var firstFree: UInt32 = 0
  private var firstUnused: UInt32 = 1

  static let capacity = 16
  private static let size = 40

  struct Links: BitwiseCopyable {
    /// The number of VMAs; 0 in a leaf that is free.
    var count: UInt32
    /// The inner node above; 0 if the leaf is the root.
    var parent: UInt32
    /// The next leaf in address order; the next free one in a leaf that is free.
    var next: UInt32
    var previous: UInt32

    static let unused = Links(count: 0, parent: 0, next: 0, previous: 0)
  }

  init() {
    words = WordArray(capacity: 4 * Self.size, filler: NodeKey.unused)
    links = SlotArray(capacity: 4, filler: .unused)
  }

  private init(copying other: borrowing LeafNodes) {
    words = other.words.copy()
    links = other.links.copy()
    firstFree = other.firstFree
    firstUnused = other.firstUnused
  }

  borrowing func copy() -> LeafNodes { LeafNodes(copying: self) }

  var bytes: Int { words.bytes + links.bytes }

  /// An empty leaf without links.
  mutating func allocate() -> UInt32 {
    let leaf: UInt32
    if firstFree != 0 {
      leaf = firstFree
      firstFree = links[leaf].next
    } else {
      leaf = firstUnused
      firstUnused += 1
      words.ensure((Int(leaf) + 1) * Self.size, filler: NodeKey.unused)
      links.ensure(leaf, filler: .unused)
    }
    links[leaf] = .unused
    let first = Int(leaf) &* Self.size
    words.set(first..<first &+ 16, to: NodeKey.unused)
    words.set(first &+ 32..<first &+ Self.size, to: 0)
    return leaf
  }

  /// - Precondition: the leaf is empty.
  mutating func free(_ leaf: UInt32) {
    links[leaf] = .unused
    links[leaf].next = firstFree
    firstFree = leaf
  }

  /// Whether `leaf` has ever been one.
  @inline(__always)
  func exists(_ leaf: UInt32) -> Bool { leaf != 0 && leaf < firstUnused }

  @inline(__always)
  func count(_ leaf: UInt32) -> Int { Int(links[leaf].count) }

  /// The number of VMAs of a leaf that end at or below `page`.
  @inline(__always)
  borrowing func position(in leaf: UInt32, above page: UInt64) -> Int {
    words.countOfSixteen(at: Int(leaf) &* Self.size, atMost: page)
  }

  /// Begins to fetch all of a leaf.
  @inline(__always)
  func prefetch(_ leaf: UInt32) {
    words.prefetch(Int(leaf) &* Self.size, count: Self.size)
    links.prefetch(leaf)
  }

  @inline(__always)
  func end(_ leaf: UInt32, _ position: Int) -> UInt64 {
    words[Int(leaf) &* Self.size &+ position]
  }

  /// Whether a page is below the end of a leaf's last VMA.
  @inline(__always)
  func contains(_ leaf: UInt32, _ page: UInt64) -> Bool {
    let count = Int(links[leaf].count)
    return count > 0 && page < end(leaf, count &- 1)
  }

  /// A VMA of a leaf; `NodeKey.unused` as the end of none.
  @inline(__always)
  func row(_ leaf: UInt32, _ position: Int) -> (end: UInt64, start: UInt64, slot: UInt32) {
    let row = words.row(position, in: Int(leaf) &* Self.size)
    return (row.first, row.second, row.third)
  }

  @inline(__always)
  func start(_ leaf: UInt32, _ position: Int) -> UInt64 {
    words[Int(leaf) &* Self.size &+ 16 &+ position]
  }

  @inline(__always)
  func slot(_ leaf: UInt32, _ position: Int) -> UInt32 {
    words[half: Int(leaf) &* (2 * Self.size) &+ 64 &+ position]
  }

  @inline(__always)
  mutating func setEnd(_ leaf: UInt32, _ position: Int, _ page: UInt64) {
    words[Int(leaf) &* Self.size &+ position] = page
  }

  @inline(__always)
  mutating func setStart(_ leaf: UInt32, _ position: Int, _ page: UInt64) {
    words[Int(leaf) &* Self.size &+ 16 &+ position] = page
  }

  @inline(__always)
  mutating func setSlot(_ leaf: UInt32, _ position: Int, _ slot: UInt32) {
    words[half: Int(leaf) &* (2 * Self.size) &+ 64 &+ position] = slot
  }

  /// Makes positions of a leaf unused, so that no lookup and no hint finds anything there.
  mutating func clear(_ leaf: UInt32, _ positions: Range<Int>) {
    for position in positions {
      setEnd(leaf, position, NodeKey.unused)
      setSlot(leaf, position, 0)
    }
  }

  /// Adds a VMA to a leaf of `count`, which must not be full.
  @inline(__always)
  mutating func insert(
    _ leaf: UInt32, _ position: Int, of count: Int, start: UInt64, end: UInt64, slot: UInt32
  ) {
    let base = Int(leaf) &* Self.size
    words.openGap(in: base, at: position, of: count)
    words[base &+ position] = end
    words[base &+ 16 &+ position] = start
    words[half: (base &+ 32) &* 2 &+ position] = slot
    links[leaf].count = UInt32(truncatingIfNeeded: count &+ 1)
  }

  /// Takes a VMA out of a leaf of `count`.
  @inline(__always)
  mutating func remove(_ leaf: UInt32, _ position: Int, of count: Int) {
    let base = Int(leaf) &* Self.size
    words.closeGap(in: base, at: position, of: count)
    words[base &+ count &- 1] = NodeKey.unused
    words[half: (base &+ 32) &* 2 &+ count &- 1] = 0
    links[leaf].count = UInt32(truncatingIfNeeded: count &- 1)
  }

  /// Moves `count` VMAs from a position of one leaf to a position of the same or another; what
  /// they leave behind stays as it was. Counts are the caller's business.
  mutating func move(
    _ count: Int, from source: UInt32, _ sourcePosition: Int, to target: UInt32,
    _ targetPosition: Int
  ) {
    if count == 0 { return }
    let from = Int(source) &* Self.size &+ sourcePosition
    let to = Int(target) &* Self.size &+ targetPosition
    words.moveWords(from: from, to: to, count: count)
    words.moveWords(from: from &+ 16, to: to &+ 16, count: count)
    words.moveHalves(
      from: Int(source) &* (2 * Self.size) &+ 64 &+ sourcePosition,
      to: Int(target) &* (2 * Self.size) &+ 64 &+ targetPosition, count: count)
  }
}

/// The inner nodes of a B+ tree: up to sixteen children each. Node 0 is nil.
///
/// ```
/// word 0        16         24
///      | keys   | children |     three cache lines
/// ```
struct InnerNodes: ~Copyable {
  private var words: WordArray
  var links: SlotArray<Links>
  private var firstFree: UInt32 = 0
  private var firstUnused: UInt32 = 1

  static let capacity = 16
  private static let size = 24

  struct Links: BitwiseCopyable {
    /// The number of children.
    var count: UInt32
    /// The inner node above, 0 for the root; the next free node in a node that is free.
    var parent: UInt32
    /// 1 if the children are leaves, else one more than theirs.
    var level: UInt32

    static let unused = Links(count: 0, parent: 0, level: 0)
  }

  init() {
    words = WordArray(capacity: 2 * Self.size, filler: NodeKey.unused)
    links = SlotArray(capacity: 2, filler: .unused)
  }

  private init(copying other: borrowing InnerNodes) {
    words = other.words.copy()
    links = other.links.copy()
    firstFree = other.firstFree
    firstUnused = other.firstUnused
  }

  borrowing func copy() -> InnerNodes { InnerNodes(copying: self) }

  var bytes: Int { words.bytes + links.bytes }

  /// A node without children.
  mutating func allocate(level: UInt32) -> UInt32 {
    let node: UInt32
    if firstFree != 0 {
      node = firstFree
      firstFree = links[node].parent
    } else {
      node = firstUnused
      firstUnused += 1
      words.ensure((Int(node) + 1) * Self.size, filler: NodeKey.unused)
      links.ensure(node, filler: .unused)
    }
    links[node] = Links(count: 0, parent: 0, level: level)
    for position in 0..<Self.capacity { setKey(node, position, NodeKey.unused) }
    return node
  }

  mutating func free(_ node: UInt32) {
    links[node] = Links(count: 0, parent: firstFree, level: 0)
    firstFree = node
  }

  @inline(__always)
  func count(_ node: UInt32) -> Int { Int(links[node].count) }

  /// The number of keys of a node that are at most `page`: the place of the child to go to.
  @inline(__always)
  borrowing func position(in node: UInt32, above page: UInt64) -> Int {
    words.countOfSixteen(at: Int(node) &* Self.size, atMost: page)
  }

  /// Begins to fetch what a search reads of a node.
  @inline(__always)
  func prefetch(_ node: UInt32) { words.prefetch(Int(node) &* Self.size, count: Self.size) }

  @inline(__always)
  func key(_ node: UInt32, _ position: Int) -> UInt64 {
    words[Int(node) &* Self.size &+ position]
  }

  @inline(__always)
  func child(of node: UInt32, at position: Int) -> UInt32 {
    words.half(position, behindSixteenFrom: Int(node) &* Self.size)
  }

  @inline(__always)
  mutating func setKey(_ node: UInt32, _ position: Int, _ key: UInt64) {
    words[Int(node) &* Self.size &+ position] = key
  }

  @inline(__always)
  mutating func setChild(of node: UInt32, at position: Int, _ child: UInt32) {
    words[half: Int(node) &* (2 * Self.size) &+ 32 &+ position] = child
  }

  /// Moves `count` children with their keys; what they leave behind stays as it was. Counts and
  /// the children's parents are the caller's business.
  mutating func move(
    _ count: Int, from source: UInt32, _ sourcePosition: Int, to target: UInt32,
    _ targetPosition: Int
  ) {
    if count == 0 { return }
    words.moveWords(
      from: Int(source) &* Self.size &+ sourcePosition,
      to: Int(target) &* Self.size &+ targetPosition, count: count)
    words.moveHalves(
      from: Int(source) &* (2 * Self.size) &+ 32 &+ sourcePosition,
      to: Int(target) &* (2 * Self.size) &+ 32 &+ targetPosition, count: count)
  }
}
