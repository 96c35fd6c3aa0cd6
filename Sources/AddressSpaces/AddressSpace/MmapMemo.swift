public import SyscallABI

/// What a question about a place found out, for those that follow at once: whether anything is
/// mapped there, where a new VMA goes, where a call begins, and which VMA the first writes hit.
///
/// Every change of a VMA's borders forgets it.
struct MmapMemo: BitwiseCopyable {
  /// Where `around` holds; above all addresses if nowhere.
  var address = Address(.max)
  var around = VMANeighbours(previous: .none, next: .none)
  /// The VMA that took up the last mapping.
  var mapped = VMAEntry.none
  /// It was added between `around` and is no part of an older VMA.
  var isNew = false

  @inline(__always)
  mutating func note(_ address: Address, _ around: VMANeighbours) {
    self.address = address
    self.around = around
    isNew = false
  }

  @inline(__always)
  mutating func forget() {
    address = Address(.max)
    mapped.end = .zero
  }
}

extension AddressSpace where Index: ~Copyable {
  /// Whether all of `range` is mapped.
  ///
  /// - Complexity: O(log *n* + VMAs in `range`), and saves O(log *n*) in a call that follows there.
  public mutating func isMapped(allOf range: AddressRange) -> Bool {
    let around = neighbours(of: range.start)
    memo.note(range.start, around)
    var entry = around.next
    if entry.start > range.start { return false }
    while entry.end < range.end {
      let next = index.next(entry)
      if next.start != entry.end { return false }
      entry = next
    }
    return true
  }

  /// `index.find`, unless its answer was met just before.
  @inline(__always)
  mutating func find(_ address: Address) -> VMAEntry {
    if memo.address != address { return index.find(address) }
    index.noteFind(address, memo.around.next)
    return memo.around.next
  }

  /// Whether a mapping at `range` would find something there.
  ///
  /// - Complexity: O(log *n*), and saves as much in an mmap that follows.
  public mutating func isOccupied(_ range: AddressRange) -> Bool {
    let around = neighbours(of: range.start)
    memo.note(range.start, around)
    return around.next.start < range.end
  }

  /// `index.findPrepare`, unless that was asked just before.
  @inline(__always)
  borrowing func neighbours(of address: Address) -> VMANeighbours {
    memo.address == address ? memo.around : index.findPrepare(address)
  }
}
