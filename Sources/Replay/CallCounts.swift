public import SyscallABI

/// A number of calls for each name.
public struct CallCounts: Sendable {
  private var counts = InlineArray<32, UInt64>(repeating: 0)

  public init() {}

  public internal(set) subscript(name: SyscallName) -> UInt64 {
    get { counts[Int(name.rawValue)] }
    @inline(__always)
    _modify { yield &counts[Int(name.rawValue)] }
  }

  public var total: UInt64 {
    var sum: UInt64 = 0
    for index in counts.indices { sum += counts[index] }
    return sum
  }

  mutating func add(_ other: CallCounts) {
    let theirs = other.counts.span
    for index in theirs.indices { counts[index] += theirs[index] }
  }
}
