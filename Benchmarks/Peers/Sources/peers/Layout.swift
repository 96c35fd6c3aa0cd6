import Replay
import SyscallABI

extension BenchLayout {
  /// VMAs in address order, of one to sixteen pages, three of four touching the one below.
  init(count: Int, numbers: inout SeededNumbers) {
    var position: UInt64 = 0x7f00_0000_0000
    var ranges: [AddressRange] = []
    ranges.reserveCapacity(count)
    for _ in 0..<count {
      if numbers.below(4) == 0 { position += UInt64(1 + numbers.below(32)) << Page.shift }
      let end = position + UInt64(1 + numbers.below(16)) << Page.shift
      ranges.append(AddressRange(Address(position), Address(end)))
      position = end
    }
    self.init(ranges: ranges)
  }
}
