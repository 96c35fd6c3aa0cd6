public import AddressSpaces

/// The index structures on which a replay can run. All give the same answers.
public enum IndexKind: String, CaseIterable, Sendable {
  /// Red-black tree with mmap_cache, as the kernel had it up to 6.0.
  case rbtree
  /// The walk along vm_next: the baseline.
  case list
  /// B+ tree of sixteen keys a node.
  case btree
  /// One sorted array.
  case array

  /// The index on which everything runs unless another is asked for: the fastest.
  public static let fastest = IndexKind.btree
}

/// The index on which the path of a call can be noted.
public typealias PathIndex = TracedIndex<MmapCache<BPlusTreeIndex>>

/// Work that is written once for all indexes.
public protocol IndexedWork {
  associatedtype Output

  mutating func run<Index: VMAIndex & ~Copyable>(on index: Index.Type) throws -> Output
}

extension IndexKind {
  /// Does the work on this index, with mmap_cache in front of it.
  ///
  /// The work is compiled for the fastest index, and once more for all the others together, on
  /// which it takes several times as long: compiled for each, all that the tool can do would take
  /// minutes more to build.
  public func run<Work: IndexedWork>(_ work: inout Work) throws -> Work.Output {
    if self == .btree { return try work.run(on: MmapCache<BPlusTreeIndex>.self) }
    return try work.run(on: metatype)
  }

  /// The same, compiled for each index: for work whose time is the question.
  public func runSpecialized<Work: IndexedWork>(_ work: inout Work) throws -> Work.Output {
    switch self {
    case .rbtree: try work.run(on: MmapCache<RedBlackTreeIndex>.self)
    case .list: try work.run(on: MmapCache<LinkedListIndex>.self)
    case .btree: try work.run(on: MmapCache<BPlusTreeIndex>.self)
    case .array: try work.run(on: MmapCache<SortedArrayIndex>.self)
    }
  }

  /// Not inlined, or the compiler would see which types there are and compile for each.
  @inline(never)
  private var metatype: any (VMAIndex & ~Copyable).Type {
    switch self {
    case .rbtree: MmapCache<RedBlackTreeIndex>.self
    case .list: MmapCache<LinkedListIndex>.self
    case .btree: MmapCache<BPlusTreeIndex>.self
    case .array: MmapCache<SortedArrayIndex>.self
    }
  }
}
