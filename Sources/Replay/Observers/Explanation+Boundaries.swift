import AddressSpaces
import SyscallABI

extension Explanation {
  /// The touching pairs of an address space in the order of their addresses.
  ///
  /// Each VMA is kept once and each call by its number, since there can be as many pairs as VMAs.
  public struct Boundaries: RandomAccessCollection, Sendable {
    struct Pair: BitwiseCopyable {
      var differingFlags: VMAFlags
      /// Where the lower VMA is in `vmas`; the upper one comes next.
      var lower: UInt32
      var lowerSetter: CallID
      var upperSetter: CallID
      var equalSince: CallID
      var differences: VMABoundary.Causes
      var isAssumed: Bool
    }

    private var vmas: [VMA] = []
    private var pairs: [Pair] = []
    private var calls = RecordedCalls()

    init() {}

    init(calls: RecordedCalls, capacity: Int) {
      self.calls = calls
      vmas.reserveCapacity(capacity + 1)
      pairs.reserveCapacity(capacity)
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { pairs.count }

    public subscript(position: Int) -> Boundary {
      let pair = pairs[position]
      return Boundary(
        pair: VMABoundary(
          lower: vmas[Int(pair.lower)], upper: vmas[Int(pair.lower) + 1],
          differences: pair.differences, differingFlags: pair.differingFlags),
        lowerSetter: calls[pair.lowerSetter], upperSetter: calls[pair.upperSetter],
        equalSince: calls[pair.equalSince], isAssumed: pair.isAssumed)
    }

    /// Adds the next pair; VMAs and all that differs are taken from `boundary`.
    mutating func append(
      _ boundary: VMABoundary, setters: (lower: CallID, upper: CallID), equalSince: CallID,
      isAssumed: Bool
    ) {
      if vmas.last?.handle != boundary.lower.handle { vmas.append(boundary.lower) }
      vmas.append(boundary.upper)
      pairs.append(
        Pair(
          differingFlags: boundary.differingFlags, lower: UInt32(vmas.count - 2),
          lowerSetter: setters.lower, upperSetter: setters.upper, equalSince: equalSince,
          differences: boundary.differences, isAssumed: isAssumed))
    }

    /// The pairs for which `isIncluded` holds.
    public func filter(_ isIncluded: (Boundary) throws -> Bool) rethrows -> Boundaries {
      var some = self
      some.pairs = try indices.filter { try isIncluded(self[$0]) }.map { pairs[$0] }
      return some
    }
  }
}
