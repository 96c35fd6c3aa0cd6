public import SyscallABI

/// Any index, for an address space that can note the path of a call.
///
/// That a path is to be noted is part of the type, so that on all other indexes nothing is left of
/// the notes.
public struct TracedIndex<Base: VMAIndex & ~Copyable>: VMAIndex, ~Copyable {
  private var base: Base

  public static var isTraced: Bool { true }

  public init() { base = Base() }

  private init(_ base: consuming Base) { self.base = base }

  public borrowing func copy() -> TracedIndex { TracedIndex(base.copy()) }

  public var count: Int { base.count }
  public var bytes: Int { base.bytes }
  public var cacheStatistics: MmapCacheStatistics { base.cacheStatistics }

  public borrowing func search(_ address: Address) -> VMAEntry { base.search(address) }
  public mutating func find(_ address: Address) -> VMAEntry { base.find(address) }
  public borrowing func findPrepare(_ address: Address) -> VMANeighbours {
    base.findPrepare(address)
  }

  public mutating func noteFind(_ address: Address, _ entry: VMAEntry) {
    base.noteFind(address, entry)
  }

  public var hintOfLastInsert: UInt32 { base.hintOfLastInsert }

  public mutating func insert(
    _ handle: VMA.Handle, _ range: AddressRange, between: VMANeighbours
  ) {
    base.insert(handle, range, between: between)
  }

  public mutating func remove(_ entry: VMAEntry) { base.remove(entry) }
  public mutating func setRange(_ entry: VMAEntry, _ range: AddressRange) {
    base.setRange(entry, range)
  }

  public borrowing func next(_ entry: VMAEntry) -> VMAEntry { base.next(entry) }
  public borrowing func previous(_ entry: VMAEntry) -> VMAEntry { base.previous(entry) }
  public borrowing func first() -> VMAEntry { base.first() }
  public borrowing func nodesProbed(for address: Address) -> Int {
    base.nodesProbed(for: address)
  }
  public borrowing func checkStructure() { base.checkStructure() }
}
