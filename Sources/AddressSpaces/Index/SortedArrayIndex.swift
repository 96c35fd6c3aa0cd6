public import SyscallABI

/// All VMAs in one array in address order: the simplest index that finds quickly.
///
/// Lookups search the ends by halving without a branch, and finish with sixteen at a time. An
/// insertion or removal moves everything above it: cheap up to some thousand VMAs, and the least
/// memory of all indexes.
///
/// Borders are kept as page numbers, so that they stay below 2^63 (see `WordArray`).
public struct SortedArrayIndex: VMAIndex, ~Copyable {
  /// The page at which each VMA ends; `filler` above `count`.
  private var ends: WordArray
  /// The page at which each VMA starts.
  private var starts: WordArray
  /// The slot of each VMA, in half-words.
  private var slots: WordArray
  private let addressOnly = AddressOnly()
  public private(set) var count = 0

  /// Above every page number.
  private static let filler: UInt64 = 1 << 62

  public init() {
    ends = WordArray(capacity: 64, filler: Self.filler)
    starts = WordArray(capacity: 64, filler: 0)
    slots = WordArray(capacity: 32, filler: 0)
  }

  private init(copying other: borrowing SortedArrayIndex) {
    ends = other.ends.copy()
    starts = other.starts.copy()
    slots = other.slots.copy()
    count = other.count
  }

  /// - Complexity: O(*n*), one copy of memory.
  public borrowing func copy() -> SortedArrayIndex { SortedArrayIndex(copying: self) }

  public var bytes: Int { ends.bytes + starts.bytes + slots.bytes }

  /// The number of VMAs that end at or below `address`.
  @inline(__always)
  private borrowing func position(_ address: Address) -> Int {
    let page = address.pageNumber
    var base = 0
    var length = count
    while length > 16 {
      let half = length >> 1
      // All ones if the lower half ends below the page, else zero.
      let isAbove = 0 &- Int(truncatingIfNeeded: (ends[base &+ half &- 1] &- page &- 1) >> 63)
      base &+= half & isAbove
      length &-= half
    }
    return base &+ ends.countOfSixteen(at: base, atMost: page)
  }

  @inline(__always)
  private borrowing func entry(at position: Int) -> VMAEntry {
    if position < 0 || position >= count { return .none }
    return VMAEntry(
      handle: VMA.Handle(slot: slots[half: position]),
      start: Address(starts[position] << Page.shift), end: Address(ends[position] << Page.shift),
      hint: UInt32(truncatingIfNeeded: position))
  }

  /// Where a VMA of the index is now.
  @inline(__always)
  private borrowing func position(of entry: VMAEntry) -> Int {
    let hint = Int(entry.hint)
    if hint < count && slots[half: hint] == entry.handle.slot { return hint }
    return position(entry.start)
  }

  /// - Complexity: O(log *n*).
  public borrowing func search(_ address: Address) -> VMAEntry { entry(at: position(address)) }

  public borrowing func nodesProbed(for address: Address) -> Int {
    var probes = 1
    var length = count
    while length > 16 {
      probes += 1
      length -= length >> 1
    }
    return probes
  }

  /// - Complexity: O(log *n*).
  public borrowing func findPrepare(_ address: Address) -> VMANeighbours {
    let next = position(address)
    return VMANeighbours(previous: entry(at: next - 1), next: entry(at: next))
  }

  /// - Complexity: O(*n*).
  public mutating func insert(
    _ handle: VMA.Handle, _ range: AddressRange, between: VMANeighbours
  ) {
    let position = between.next.isNone ? count : self.position(of: between.next)
    // A search reads sixteen words from wherever it ends.
    ends.ensure(count + 17, filler: Self.filler)
    starts.ensure(count + 1, filler: 0)
    slots.ensure(count / 2 + 1, filler: 0)
    let above = count - position
    ends.moveWords(from: position, to: position + 1, count: above)
    starts.moveWords(from: position, to: position + 1, count: above)
    slots.moveHalves(from: position, to: position + 1, count: above)
    ends[position] = range.end.pageNumber
    starts[position] = range.start.pageNumber
    slots[half: position] = handle.slot
    count += 1
  }

  /// - Complexity: O(*n*).
  public mutating func remove(_ entry: VMAEntry) {
    let position = position(of: entry)
    let above = count - position - 1
    ends.moveWords(from: position + 1, to: position, count: above)
    starts.moveWords(from: position + 1, to: position, count: above)
    slots.moveHalves(from: position + 1, to: position, count: above)
    count -= 1
    ends[count] = Self.filler
    slots[half: count] = 0
  }

  /// - Complexity: O(1), or O(log *n*) for an entry that moved since it was found.
  public mutating func setRange(_ entry: VMAEntry, _ range: AddressRange) {
    let position = position(of: entry)
    starts[position] = range.start.pageNumber
    ends[position] = range.end.pageNumber
  }

  public borrowing func next(_ entry: VMAEntry) -> VMAEntry {
    self.entry(at: position(of: entry) + 1)
  }

  public borrowing func previous(_ entry: VMAEntry) -> VMAEntry {
    self.entry(at: position(of: entry) - 1)
  }

  public borrowing func first() -> VMAEntry { entry(at: 0) }

  public borrowing func checkStructure() {
    for position in 0..<count {
      precondition(starts[position] < ends[position], "a VMA is empty")
      precondition(
        position == 0 || ends[position - 1] <= starts[position], "VMAs are out of order")
      precondition(slots[half: position] != 0, "a VMA has no handle")
    }
    for position in count..<(count + 16) {
      precondition(ends[position] == Self.filler, "something stands above the last VMA")
    }
  }
}
