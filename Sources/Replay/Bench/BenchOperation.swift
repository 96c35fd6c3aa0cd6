public import AddressSpaces

/// What can be timed on an index.
public enum BenchOperation: Hashable, Sendable {
  /// find_vma without mmap_cache.
  case find
  /// find_vma with mmap_cache.
  case findCached
  /// find_vma where the calls of the trace look, in their order, without mmap_cache.
  case findTrace
  /// The same with mmap_cache.
  case findTraceCached
  /// find_vma_prepare.
  case prepare
  /// find_vma_prepare, and a new VMA at the place.
  case insert
  /// find_vma, and its VMA taken out.
  case remove
  /// find_vma, and its VMA cut in two.
  case split
  /// A new mapping whose neighbours refuse it: a merge attempted, then a VMA of its own.
  case refused
  /// A call that ends in this case of vma_merge.
  case merge(MergeCase)
  /// Everything that the trace did; per completed call.
  case replay

  public static let all: [BenchOperation] =
    [
      .find, .findCached, .findTrace, .findTraceCached, .prepare, .insert, .remove, .split,
      .refused,
    ]
    + MergeCase.allCases.map { .merge($0) } + [.replay]

  /// What only a trace can be asked for.
  var needsTrace: Bool {
    switch self {
    case .findTrace, .findTraceCached, .replay: true
    default: false
    }
  }

  /// The name in reports, on one line and without spaces.
  public var name: String {
    switch self {
    case .find: "find_vma"
    case .findCached: "find_vma+cache"
    case .findTrace: "find_vma_trace"
    case .findTraceCached: "find_vma_trace+cache"
    case .prepare: "find_vma_prepare"
    case .insert: "insert"
    case .remove: "remove"
    case .split: "split"
    case .refused: "merge_refused"
    case .merge(let mergeCase): "merge_case_\(mergeCase.rawValue)"
    case .replay: "replay"
    }
  }
}
