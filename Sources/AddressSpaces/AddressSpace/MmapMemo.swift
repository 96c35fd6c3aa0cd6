public import SyscallABI

/// What the last mmap found out about its place, for the questions that follow at once: whether
/// anything is mapped there, where the new VMA goes, and which VMA its first writes hit.
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

  mutating func forget() {
    address = Address(.max)
    mapped = .none
  }
}

extension AddressSpace where Index: ~Copyable {
  /// Whether a mapping at `range` would find something there.
  ///
  /// - Complexity: O(log *n*), and saves as much in an mmap that follows.
  public mutating func isOccupied(_ range: AddressRange) -> Bool {
    let around = neighbours(of: range.start)
    memo.address = range.start
    memo.around = around
    return around.next.start < range.end
  }

  /// `index.findPrepare`, unless that was asked just before.
  @inline(__always)
  borrowing func neighbours(of address: Address) -> VMANeighbours {
    memo.address == address ? memo.around : index.findPrepare(address)
  }
}
