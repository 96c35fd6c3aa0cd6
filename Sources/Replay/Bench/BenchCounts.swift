/// What is the same on every machine and in every run; nil where it does not apply.
public struct BenchCounts: Hashable, Sendable {
  /// The operations of one run.
  public var operations = 0
  /// Nodes looked at by all lookups together.
  public var probes: Int?
  /// Lookups that mmap_cache answered.
  public var hits: Int?
  /// Rotations of the red-black tree.
  public var rotations: Int?
  /// The index itself, with all VMAs in it.
  public var bytes = 0
  public var vmas = 0
  /// What a replay did: completed calls, merges of all cases, splits, the most VMAs of a process.
  public var events: Int?
  public var merges: Int?
  public var splits: Int?
  public var peak: Int?

  public init() {}

  /// All that there are, with the names that they have in files.
  var exact: [(name: String, value: UInt64)] {
    let all: [(String, Int?)] = [
      ("operations", operations), ("probes", probes), ("hits", hits), ("rotations", rotations),
      ("bytes", bytes), ("events", events), ("merges", merges), ("splits", splits),
      ("peak", peak),
    ]
    return all.compactMap { name, value in value.map { (name, UInt64($0)) } }
  }
}
