import SyscallABI
import TestSupport
import Testing

@testable import AddressSpaces

/// What a call cuts off only to remove it is made a VMA where somebody looks on, and nowhere else:
/// both ways must leave the same, slots and statistics included.
@Suite struct DirectUnmapTests {
  #if EXHAUSTIVE
    private static let programs: UInt64 = 400
  #else
    private static let programs: UInt64 = 30
  #endif

  @Test(arguments: [KernelProfile.linux6, .linux2_6])
  func bothWaysLeaveTheSame(profile: KernelProfile) {
    var splits: UInt64 = 0
    for seed in 0..<Self.programs {
      var byTheWay = ModelledProcess<BPlusTreeIndex>(
        firstBreak: 0x5555_0000_0000, profile: profile)
      var direct = ModelledProcess<BPlusTreeIndex>(
        firstBreak: 0x5555_0000_0000, profile: profile)
      byTheWay.space.objects = ObjectTable(isOn: true)
      direct.space.objects = ObjectTable(isOn: false)
      let program = RandomProgram(seed: 80_000 + seed, length: 250)
      for (number, call) in program.calls.enumerated() {
        let errno = byTheWay.apply(call, result: call.plainResult)
        #expect(direct.apply(call, result: call.plainResult) == errno)
        direct.space.checkInvariants()
        let (one, other) = (State(byTheWay.space), State(direct.space))
        guard one == other else {
          Issue.record("seed \(seed), call \(number): \(call.line)")
          break
        }
      }
      splits += direct.space.statistics.splits
    }
    #expect(splits > Self.programs * 5)
  }

  /// Everything that a call can leave.
  private struct State: Equatable {
    var vmas: [VMA] = []
    var counters: VMCounters
    var statistics: AddressSpaceStatistics
    var slab: SlabStatistics

    init<Index: VMAIndex & ~Copyable>(_ space: borrowing AddressSpace<Index>) {
      counters = space.counters
      statistics = space.statistics
      slab = space.slabStatistics
      space.forEachVMA { vmas.append($0) }
    }
  }

  /// Each way to cut one VMA, at the free list and beyond it.
  @Test(arguments: [KernelProfile.linux6, .linux2_6])
  func everyCut(profile: KernelProfile) throws {
    for start in 0..<4 {
      for end in (start + 1)...4 {
        for isSlotFree in [false, true] {
          let kept = try cut(start..<end, isSlotFree, keepsObjects: true, profile)
          let direct = try cut(start..<end, isSlotFree, keepsObjects: false, profile)
          #expect(kept == direct, "\(start)..<\(end)")
        }
      }
    }
  }

  private func cut(
    _ pages: Range<Int>, _ isSlotFree: Bool, keepsObjects: Bool, _ profile: KernelProfile
  ) throws -> State {
    var space = AddressSpace<BPlusTreeIndex>(profile: profile)
    space.objects = ObjectTable(isOn: keepsObjects)
    func place(_ page: Int) -> Address { Address(0x10_0000 + UInt64(page) << Page.shift) }
    let anonymous = MapFlags(rawValue: 0x32)
    try space.mmap(at: place(0), length: 4 << Page.shift, prot: .read, flags: anonymous)
    if isSlotFree {
      for page in [10, 12] {
        try space.mmap(at: place(page), length: Page.size, prot: .read, flags: anonymous)
      }
      for page in [10, 12] { try space.munmap(place(page), length: Page.size) }
    }
    try space.munmap(
      place(pages.lowerBound), length: UInt64(pages.count) << Page.shift)
    space.checkInvariants()
    // What is allocated next shows the order of the free list.
    try space.mmap(at: place(20), length: Page.size, prot: .read, flags: anonymous)
    try space.mmap(at: place(22), length: Page.size, prot: .read, flags: anonymous)
    return State(space)
  }
}
