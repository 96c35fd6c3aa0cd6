public import SyscallABI

/// Finds VMAs by address and keeps them in address order.
///
/// An index stores the start and end of each VMA beside its handle, so that a lookup touches
/// nothing else. It decides nothing: merging and splitting are written once, above it.
public protocol VMAIndex: ~Copyable, Sendable {
  init()

  /// Address spaces on this index can note the path of a call.
  static var isTraced: Bool { get }

  /// The number of VMAs.
  var count: Int { get }

  /// The first VMA that ends above `address`; it need not contain it. Nil entry if there is none.
  ///
  /// Linux: `find_vma`, without the cache.
  borrowing func search(_ address: Address) -> VMAEntry

  /// The same, but may move or count in a cache.
  mutating func find(_ address: Address) -> VMAEntry

  /// Notes that `find` was spared for `address`, since the VMA that it would return is known.
  mutating func noteFind(_ address: Address, _ entry: VMAEntry)

  /// What lies around `address`: `next` is what `find` returns, `previous` is the VMA before it.
  ///
  /// Linux: `find_vma_prepare` (2.6), `find_vma_prev`.
  borrowing func findPrepare(_ address: Address) -> VMANeighbours

  /// Adds a VMA between two that follow each other, as `findPrepare` returned them.
  ///
  /// - Precondition: the range lies between both; nothing changed since they were found.
  mutating func insert(_ handle: VMA.Handle, _ range: AddressRange, between: VMANeighbours)

  /// The hint for the VMA that was added last; 0 for an index that uses none.
  var hintOfLastInsert: UInt32 { get }

  mutating func remove(_ entry: VMAEntry)

  /// Moves the borders of a VMA; it stays between the same neighbours.
  mutating func setRange(_ entry: VMAEntry, _ range: AddressRange)

  borrowing func next(_ entry: VMAEntry) -> VMAEntry
  borrowing func previous(_ entry: VMAEntry) -> VMAEntry
  borrowing func first() -> VMAEntry

  /// Visits all VMAs in address order.
  ///
  /// - Complexity: O(*n*).
  borrowing func forEachEntry(_ body: (VMAEntry) -> Void)

  borrowing func copy() -> Self

  /// How many nodes (or halvings of an array) `search` looks at: the same on every machine.
  borrowing func nodesProbed(for address: Address) -> Int

  /// Lookups and hits of the cache in front of the index; zero where there is none.
  var cacheStatistics: MmapCacheStatistics { get }

  /// The memory held, in bytes.
  var bytes: Int { get }

  /// Rotations since the index was made or copied; zero for one that does not rotate.
  var rotations: UInt64 { get }

  /// Stops the program if the structure itself is broken (order of a tree, colours, links).
  borrowing func checkStructure()
}

extension VMAIndex where Self: ~Copyable {
  @inlinable
  public static var isTraced: Bool { false }

  public mutating func find(_ address: Address) -> VMAEntry { search(address) }

  @inline(__always)
  public borrowing func forEachEntry(_ body: (VMAEntry) -> Void) {
    var entry = first()
    while !entry.isNone {
      body(entry)
      entry = next(entry)
    }
  }

  public mutating func noteFind(_ address: Address, _ entry: VMAEntry) {}

  public var hintOfLastInsert: UInt32 { 0 }

  public var cacheStatistics: MmapCacheStatistics { MmapCacheStatistics() }

  public var rotations: UInt64 { 0 }
}

/// A VMA as an index knows it.
public struct VMAEntry: Sendable, BitwiseCopyable {
  public var handle: VMA.Handle
  /// Where the index found the VMA, in its own terms; 0 if unknown. It saves a search if it still
  /// holds, and the index looks whether it does.
  var hint: UInt32
  public var start: Address
  public var end: Address

  public init(handle: VMA.Handle, start: Address, end: Address) {
    self.init(handle: handle, start: start, end: end, hint: 0)
  }

  @inline(__always)
  init(handle: VMA.Handle, start: Address, end: Address, hint: UInt32) {
    self.handle = handle
    self.hint = hint
    self.start = start
    self.end = end
  }

  /// No VMA. Its start is above every address and its end is zero, so that it touches nothing.
  public static let none = VMAEntry(
    handle: .none, start: Address(.max), end: .zero)

  @inlinable
  public var isNone: Bool { handle.isNone }

  /// - Precondition: not nil.
  @inlinable
  public var range: AddressRange { AddressRange(start, end) }
}

extension VMAEntry: Hashable {
  /// The hint says nothing about the VMA.
  public static func == (a: VMAEntry, b: VMAEntry) -> Bool {
    a.handle == b.handle && a.start == b.start && a.end == b.end
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(handle)
    hasher.combine(start)
    hasher.combine(end)
  }
}

/// Two VMAs that follow each other in address order; either may be nil.
public struct VMANeighbours: Hashable, Sendable, BitwiseCopyable {
  public var previous: VMAEntry
  public var next: VMAEntry

  @inlinable
  public init(previous: VMAEntry, next: VMAEntry) {
    self.previous = previous
    self.next = next
  }
}

/// Use of the cache of the last VMA found (`mm->mmap_cache`).
public struct MmapCacheStatistics: Hashable, Sendable {
  public var lookups: UInt64 = 0
  public var hits: UInt64 = 0

  public init() {}
}
