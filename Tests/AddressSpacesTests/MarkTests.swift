import SyscallABI
import TestSupport
import Testing

@testable import AddressSpaces

/// An address space taken back to a mark is what a copy made at the mark is.
@Suite struct MarkTests {
  #if EXHAUSTIVE
    private static let programs: UInt64 = 300
  #else
    private static let programs: UInt64 = 20
  #endif

  @Test(arguments: 0..<programs)
  func returnsToWhatACopySays(number: UInt64) {
    let profile = number % 4 == 3 ? KernelProfile.linux2_6 : .linux6
    let program = RandomProgram(seed: 70_000 + number, length: 200)
    let tree = outcomes(program, profile, seed: number, BPlusTreeIndex.self)
    #expect(tree.count > 20)
    #expect(tree == outcomes(program, profile, seed: number, MmapCache<RedBlackTreeIndex>.self))
  }

  /// Everything that is known of an address space, but for the numbers of slots.
  private struct Image: Equatable {
    var vmas: [VMA] = []
    var origins: [VMAOrigins?] = []
    var currentBreak: Address
    var layout: ProcessStat
    var counters: VMCounters

    init<Index: VMAIndex & ~Copyable>(_ space: borrowing AddressSpace<Index>) {
      currentBreak = space.currentBreak
      layout = space.layout
      counters = space.counters
      space.forEachVMA { vma, _ in
        var vma = vma
        origins.append(space.origins(of: vma.handle))
        vma.handle = .none
        vmas.append(vma)
      }
    }
  }

  /// Marks moments of a program at random, and goes back after some of them; what comes next goes
  /// on from there.
  private func outcomes<Index: VMAIndex & ~Copyable>(
    _ program: RandomProgram, _ profile: KernelProfile, seed: UInt64, _ index: Index.Type
  ) -> [Int] {
    var process = ModelledProcess<Index>(firstBreak: 0x5555_0000_0000, profile: profile)
    var random = SplitMix64(state: seed)
    var atMark: (image: Image, files: Set<UInt32>)?
    var counts: [Int] = []
    for (number, call) in program.calls.enumerated() {
      process.space.noteCall(CallID(UInt32(number + 1)))
      _ = process.apply(call, result: call.plainResult)
      process.space.checkInvariants()
      // A fork goes on as the child.
      if !process.space.mark.isSet { atMark = nil }
      if random.next() % 64 == 0 {
        process.space.removeAll()
        process.space.checkInvariants()
      }
      switch random.next() % 16 {
      case 0...2:
        process.space.setMark()
        atMark = (Image(process.space), files(of: process.space))
      case 3:
        guard let expected = atMark else { continue }
        #expect(expected.files.isSubset(of: files(of: process.space)))
        expectOrigins(expected.image.origins, in: process.space)
        process.space.returnToMark()
        process.space.checkInvariants()
        let found = Image(process.space)
        #expect(found.vmas == expected.image.vmas, "call \(number)")
        #expect(found.origins == expected.image.origins, "call \(number)")
        #expect(found.counters == expected.image.counters, "call \(number)")
        #expect(found.currentBreak == expected.image.currentBreak)
        #expect(found.layout == expected.image.layout)
        counts.append(process.space.mapCount)
        atMark = nil
      case 4:
        process.space.clearMark()
        process.space.checkInvariants()
        atMark = nil
      default: break
      }
      counts.append(process.space.mapCount)
    }
    return counts
  }

  private func files<Index: VMAIndex & ~Copyable>(
    of space: borrowing AddressSpace<Index>
  ) -> Set<UInt32> {
    var files: Set<UInt32> = []
    space.forEachFile { files.insert($0.rawValue) }
    return files
  }

  /// Whoever forgets calls that nobody names still knows those of the mark.
  private func expectOrigins<Index: VMAIndex & ~Copyable>(
    _ expected: [VMAOrigins?], in space: borrowing AddressSpace<Index>
  ) {
    var known: Set<VMAOrigins?> = []
    space.forEachOrigins { known.insert($0) }
    #expect(Set(expected).isSubset(of: known))
  }

  @Test func aForkHasNoMark() {
    var space = AddressSpace<BPlusTreeIndex>()
    space.setMark()
    #expect(space.mark.isSet && !space.fork().mark.isSet)
  }
}
