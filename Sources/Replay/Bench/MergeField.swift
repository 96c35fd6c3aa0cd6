import AddressSpaces
import SyscallABI
import SystemPackage

/// Many copies of one small picture, each of which a call turns into one case of vma_merge.
///
/// `P` below, `N` above, `M` what changes, `*` what is mapped; a cell is four pages and a gap of
/// four cells keeps the copies apart.
struct MergeField: Sendable {
  let operation: BenchOperation
  let count: Int

  private static let cell: UInt64 = 4 << Page.shift
  private static let pitch: UInt64 = 10 * cell
  private static let start = Address(0x10_0000_0000)

  private struct Picture {
    /// Writable parts, in cells from the start of the copy.
    var writable: [(start: UInt64, end: UInt64)] = []
    var readOnly: [(start: UInt64, end: UInt64)] = []
    var call: (start: UInt64, end: UInt64, maps: Bool)
  }

  private var picture: Picture {
    switch operation {
    // PP**NN
    case .merge(.case1): Picture(writable: [(0, 2), (4, 6)], call: (2, 4, true))
    // PP**
    case .merge(.case2): Picture(writable: [(0, 2)], call: (2, 4, true))
    // **NN
    case .merge(.case3): Picture(writable: [(4, 6)], call: (2, 4, true))
    // MMM*NN
    case .merge(.case4): Picture(writable: [(4, 6)], readOnly: [(0, 4)], call: (3, 4, false))
    // PP*MMM
    case .merge(.case5): Picture(writable: [(0, 2)], readOnly: [(2, 6)], call: (2, 3, false))
    // PPMMNN
    case .merge(.case6):
      Picture(writable: [(0, 2), (4, 6)], readOnly: [(2, 4)], call: (2, 4, false))
    // PPMM
    case .merge(.case7): Picture(writable: [(0, 2)], readOnly: [(2, 4)], call: (2, 4, false))
    // MMNN
    case .merge(.case8): Picture(writable: [(4, 6)], readOnly: [(2, 4)], call: (2, 4, false))
    // pp**nn, of which neither is writable
    default: Picture(readOnly: [(0, 2), (4, 6)], call: (2, 4, true))
    }
  }

  /// An address space with all copies of the picture.
  func make<Index: VMAIndex & ~Copyable>(_ index: Index.Type) -> AddressSpace<Index> {
    var space = AddressSpace<Index>()
    space.limits.maxMapCount = .max
    let picture = picture
    for copy in 0..<count {
      for part in picture.writable { map(part, copy, .readWrite, &space) }
      for part in picture.readOnly { map(part, copy, .readOnly, &space) }
    }
    return space
  }

  /// Makes the call at each copy, in the given order.
  @inline(never)
  func run<Index: VMAIndex & ~Copyable>(
    _ space: inout AddressSpace<Index>, order: ArraySlice<Int>
  ) {
    let call = picture.call
    if call.maps {
      for copy in order { map((call.start, call.end), copy, .readWrite, &space) }
      return
    }
    for copy in order {
      let (address, length) = place((call.start, call.end), copy)
      try? space.mprotect(address, length: length, prot: .readWrite, leniently: true)
    }
  }

  private func place(
    _ part: (start: UInt64, end: UInt64), _ copy: Int
  ) -> (Address, UInt64) {
    let address = Self.start &+ (UInt64(copy) &* Self.pitch &+ part.start &* Self.cell)
    return (address, (part.end - part.start) &* Self.cell)
  }

  private func map<Index: VMAIndex & ~Copyable>(
    _ part: (start: UInt64, end: UInt64), _ copy: Int, _ prot: Protection,
    _ space: inout AddressSpace<Index>
  ) {
    let (address, length) = place(part, copy)
    _ = try? space.mmap(
      at: address, length: length, prot: prot, flags: MapFlags(rawValue: 0x22), leniently: true)
  }
}

extension Protection {
  fileprivate static let readOnly = Protection(rawValue: 1)
  fileprivate static let readWrite = Protection(rawValue: 3)
}
