import SyscallABI

/// The one source of numbers: the same seed gives the same arrays, for all structures.
struct Numbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}

/// VMAs in address order, of one to sixteen pages, three of four touching the one below.
struct Layout {
  private(set) var ranges: [AddressRange] = []

  init(count: Int, numbers: inout Numbers) {
    var position: UInt64 = 0x7f00_0000_0000
    ranges.reserveCapacity(count)
    for _ in 0..<count {
      if numbers.below(4) == 0 { position += UInt64(1 + numbers.below(32)) << Page.shift }
      let end = position + UInt64(1 + numbers.below(16)) << Page.shift
      ranges.append(AddressRange(Address(position), Address(end)))
      position = end
    }
  }

  /// An address in a VMA; one in ten is its end.
  private func address(in range: AddressRange, _ numbers: inout Numbers) -> UInt64 {
    if numbers.below(10) == 0 { return range.end.rawValue }
    return range.start.rawValue + numbers.next() % range.length
  }

  func randomQueries(_ count: Int, _ numbers: inout Numbers) -> [UInt64] {
    (0..<count).map { _ in address(in: ranges[numbers.below(ranges.count)], &numbers) }
  }

  /// 60 % the VMA of the lookup before, 35 % one of eight, 5 % any, which then is one of the eight.
  func hotQueries(_ count: Int, _ numbers: inout Numbers) -> [UInt64] {
    var hot = (0..<8).map { _ in numbers.below(ranges.count) }
    var last = hot[0]
    return (0..<count).map { _ in
      switch numbers.below(100) {
      case 0..<60: break
      case 60..<95: last = hot[numbers.below(8)]
      default:
        last = numbers.below(ranges.count)
        hot[numbers.below(8)] = last
      }
      return address(in: ranges[last], &numbers)
    }
  }
}
