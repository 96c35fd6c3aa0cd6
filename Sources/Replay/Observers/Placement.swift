public import SyscallABI

/// How well the places of mappings were predicted.
public struct Placement: Sendable {
  /// Calls for which the kernel chose or confirmed an address.
  public enum Kind: String, CaseIterable, Sendable {
    /// mmap without an address.
    case mmap
    /// mmap with an address that is not fixed.
    case hint
    /// mremap that moved.
    case mremap
    /// shmat without an address.
    case shmat
  }

  public struct Count: Hashable, Sendable {
    public var calls: UInt64 = 0
    public var matches: UInt64 = 0
  }

  public struct Mismatch: Sendable {
    public var line: UInt64
    public var pid: PID
    public var kind: Kind
    /// nil: the model finds no room.
    public var expected: Address?
    public var found: Address
  }

  private var counts = [Count](repeating: Count(), count: Kind.allCases.count)
  public private(set) var mismatches: [Mismatch] = []
  /// Calls about which nothing can be said: mmap_base is unknown, since the log has no map of the
  /// program, or the kind of mapping has rules of its own (MAP_32BIT, huge pages).
  public internal(set) var unpredicted: UInt64 = 0
  /// Mismatches of which only the number was kept.
  public private(set) var omittedMismatches: UInt64 = 0

  static var mismatchLimit: Int { 1000 }

  public init() {}

  public subscript(kind: Kind) -> Count { counts[kind.index] }

  public var total: Count {
    counts.reduce(into: Count()) {
      $0.calls += $1.calls
      $0.matches += $1.matches
    }
  }

  mutating func note(
    _ kind: Kind, expected: Address?, found: Address, line: UInt64, pid: PID
  ) {
    counts[kind.index].calls += 1
    if expected == found {
      counts[kind.index].matches += 1
    } else if mismatches.count < Self.mismatchLimit {
      mismatches.append(
        Mismatch(line: line, pid: pid, kind: kind, expected: expected, found: found))
    } else {
      omittedMismatches += 1
    }
  }

  /// Adds the counts of another trace; its mismatches stay its own.
  public mutating func add(_ other: Placement) {
    for index in counts.indices {
      counts[index].calls += other.counts[index].calls
      counts[index].matches += other.counts[index].matches
    }
    unpredicted += other.unpredicted
  }
}

extension Placement.Kind {
  fileprivate var index: Int {
    switch self {
    case .mmap: 0
    case .hint: 1
    case .mremap: 2
    case .shmat: 3
    }
  }
}
