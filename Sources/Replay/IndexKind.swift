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

/// Work that is written once for all indexes and compiled for each.
public protocol IndexedWork {
  associatedtype Output

  mutating func run<Index: VMAIndex & ~Copyable>(on index: Index.Type) throws -> Output
}

extension IndexKind {
  /// Does the work on this index, with mmap_cache in front of it: the one place where the choice is
  /// made.
  public func run<Work: IndexedWork>(_ work: inout Work) throws -> Work.Output {
    switch self {
    case .rbtree: try work.run(on: MmapCache<RedBlackTreeIndex>.self)
    case .list: try work.run(on: MmapCache<LinkedListIndex>.self)
    case .btree: try work.run(on: MmapCache<BPlusTreeIndex>.self)
    case .array: try work.run(on: MmapCache<SortedArrayIndex>.self)
    }
  }
}
