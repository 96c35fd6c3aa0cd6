import AddressSpaces
import SyscallABI
import SystemPackage
import TestSupport
import Testing

/// Long random programs on every index: all must agree after each call.
@Suite struct LockstepTests {
  private static let seeds: Range<UInt64> = 10_000..<10_060

  @Test func allIndexesAgree() {
    for seed in Self.seeds {
      let program = RandomProgram(seed: seed, length: 400)
      let tree = trace(program, RedBlackTreeIndex.self)
      #expect(tree == trace(program, LinkedListIndex.self), "seed \(seed)")
      #expect(tree == trace(program, BPlusTreeIndex.self), "seed \(seed)")
      #expect(tree == trace(program, SortedArrayIndex.self), "seed \(seed)")
      #expect(tree == trace(program, MmapCache<RedBlackTreeIndex>.self), "seed \(seed)")
      #expect(tree == trace(program, MmapCache<BPlusTreeIndex>.self), "seed \(seed)")
      #expect(tree == trace(program, MmapCache<LinkedListIndex>.self), "seed \(seed)")
    }
  }

  /// What a call is foretold is what it gets, for the kernels at both ends.
  @Test(arguments: [KernelProfile.linux6, .linux2_6])
  func predictionsHold(_ profile: KernelProfile) {
    for seed in Self.seeds {
      let program = RandomProgram(seed: seed, length: 400)
      var process = ModelledProcess<RedBlackTreeIndex>(
        firstBreak: 0x5555_0000_0000, profile: profile)
      for (number, call) in program.calls.enumerated() {
        let foretold = process.predict(call)
        let errno = process.apply(call, result: plainResult(call))
        if let foretold {
          #expect(foretold == errno, "seed \(seed), call \(number): \(call.line)")
        }
      }
      process.space.checkInvariants()
    }
  }

  /// One line for each call: its errno, and a digest of all VMAs.
  private func trace<Index: VMAIndex & ~Copyable>(
    _ program: RandomProgram, _ index: Index.Type
  ) -> [String] {
    var process = ModelledProcess<Index>(firstBreak: 0x5555_0000_0000)
    var lines: [String] = []
    for call in program.calls {
      let errno = process.apply(call, result: plainResult(call))
      process.space.checkInvariants()
      lines.append("\(errno?.rawValue ?? 0) \(process.lines().joined(separator: ";").hashValue)")
    }
    lines.append("\(process.space.statistics)")
    return lines
  }

  /// Where the kernel would have put things, as far as a program names it.
  private func plainResult(_ call: RandomCall) -> UInt64 {
    switch call {
    case .mmap(let at, _, _, let flags, _, _): flags & 0x10_0010 != 0 ? at : at & ~0xfff
    case .mremap(let old, _, _, let flags, let new): flags & 2 != 0 ? new : old
    default: 0
    }
  }
}
