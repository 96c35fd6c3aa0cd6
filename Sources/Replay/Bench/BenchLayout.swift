import AddressSpaces
public import SyscallABI

/// The VMAs on which indexes are timed: those of a process at its peak, or as many as wanted that
/// are laid out like them.
public struct BenchLayout: Sendable {
  /// In address order.
  public let ranges: [AddressRange]

  public init(ranges: [AddressRange]) { self.ranges = ranges }

  /// A layout of `count` VMAs whose lengths and distances are drawn from this one.
  public func scaled(to count: Int, seed: UInt64) -> BenchLayout {
    var numbers = SeededNumbers(seed: seed)
    var pairs: [(gap: UInt64, length: UInt64)] = []
    var end = ranges.first?.start ?? .zero
    for range in ranges {
      // A gap between the program, its libraries and the stack says nothing about the rest.
      pairs.append((min(range.start &- end, 1 << 24), min(range.length, 1 << 26)))
      end = range.end
    }
    if pairs.isEmpty { pairs = [(Page.size, Page.size)] }
    var start = Address(1 << 32)
    var scaled: [AddressRange] = []
    scaled.reserveCapacity(count)
    for _ in 0..<count {
      let pair = pairs[numbers.below(pairs.count)]
      start = start &+ pair.gap
      scaled.append(AddressRange(start, start &+ pair.length))
      start = start &+ pair.length
    }
    return BenchLayout(ranges: scaled)
  }

  /// A stream of lookups; the same for the same seed.
  public func lookups(_ stream: LookupStream, count: Int, seed: UInt64) -> [Address] {
    guard !ranges.isEmpty else { return [] }
    var numbers = SeededNumbers(seed: seed)
    switch stream {
    case .trace(let addresses):
      return addresses.isEmpty
        ? [] : (0..<count).map { addresses[$0 % addresses.count] }
    case .random:
      return (0..<count).map { _ in
        address(in: ranges[numbers.below(ranges.count)], &numbers)
      }
    case .hot: return hotLookups(count, &numbers)
    case .faults: return faultLookups(count, &numbers)
    }
  }

  /// Anywhere in a VMA; one in ten is its end, which belongs to the next or to none.
  private func address(in range: AddressRange, _ numbers: inout SeededNumbers) -> Address {
    numbers.below(10) == 0 ? range.end : range.start &+ numbers.next() % range.length
  }

  /// 60 % the VMA of the lookup before, 35 % one of eight, 5 % any, which becomes one of the eight.
  private func hotLookups(_ count: Int, _ numbers: inout SeededNumbers) -> [Address] {
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

  /// First writes to memory: up to sixteen pages of a VMA one after another, then another VMA.
  private func faultLookups(_ count: Int, _ numbers: inout SeededNumbers) -> [Address] {
    var range = ranges[numbers.below(ranges.count)]
    var next = range.start
    var left = 0
    return (0..<count).map { _ in
      if left == 0 || next >= range.end {
        range = ranges[numbers.below(ranges.count)]
        let page = numbers.next() % max(range.lengthInPages, 1)
        next = range.start &+ page << Page.shift
        left = 1 + numbers.below(16)
      }
      defer {
        next = next &+ Page.size
        left -= 1
      }
      return next
    }
  }
}

/// Where lookups go.
public enum LookupStream: Sendable {
  /// To the addresses that the calls of the trace name, in their order.
  case trace([Address])
  case random
  case hot
  case faults

  public var name: String {
    switch self {
    case .trace: "trace"
    case .random: "random"
    case .hot: "hot"
    case .faults: "faults"
    }
  }
}
