import AddressSpaces
import SyscallABI
import SystemPackage
import TestSupport
import Testing

/// Files and anon_vmas that know their VMAs, against a look at all VMAs.
@Suite struct ObjectTests {
  typealias Index = TracedIndex<RedBlackTreeIndex>

  @Test(arguments: [KernelProfile.linux6, .linux2_6])
  func objectsKnowTheirVMAs(_ profile: KernelProfile) {
    for seed in UInt64(20_000)..<20_025 {
      let program = RandomProgram(seed: seed, length: 200)
      var process = ModelledProcess<Index>(firstBreak: 0x5555_0000_0000, profile: profile)
      process.space.keepObjects()
      for call in program.calls {
        _ = process.apply(call, result: call.plainResult)
        let errors = Self.errors(in: process.space)
        #expect(errors.isEmpty, "seed \(seed), \(call.line): \(errors)")
        if !errors.isEmpty { return }
      }
      process.space.checkInvariants()
      var child = process.space.fork()
      #expect(Self.errors(in: child).isEmpty, "seed \(seed), child")
      Self.end(&child)
      Self.end(&process.space)
    }
  }

  /// Many VMAs of few files, so that their pages overlap.
  @Test func manyVMAsOfOneFile() throws {
    var random = SplitMix64(state: 7)
    var space = AddressSpace<Index>(profile: .linux2_6)
    space.keepObjects()
    for _ in 0..<1500 {
      let page = random.next() % 4000
      let at = Address(0x7000_0000_0000 + page << 12)
      let length = (1 + random.next() % 40) << 12
      if random.next() % 4 == 0 {
        try space.munmap(at, length: length)
      } else {
        try space.mmap(
          at: at, length: length, prot: .read, flags: .private | .fixed,
          file: FileDescriptionID(1 + UInt32(random.next() % 2)),
          offset: (random.next() % 300) << 12)
      }
      let first = random.next() % 350
      let pages = first...(first + random.next() % 10)
      for file in [FileDescriptionID(1), FileDescriptionID(2), FileDescriptionID(3)] {
        let found = space.vmas(mapping: pages, of: file)
        #expect(found == Self.mapping(pages, of: file, in: space))
      }
    }
    #expect(space.mapCount > 100)
    Self.end(&space)
  }

  @Test func objectsMayBeAskedForLate() throws {
    var space = AddressSpace<Index>()
    let file = FileDescriptionID(9)
    try space.mmap(
      at: Address(0x7000_0000_0000), length: 8192, prot: .read, flags: .private, file: file,
      offset: 4096)
    space.keepObjects()
    #expect(space.vmas(mapping: 2...2, of: file).count == 1)
    #expect(space.vmas(mapping: 3...3, of: file).isEmpty)
    #expect(space.objectReferences.filesTaken == 1)
  }

  // MARK: The oracle

  private static func mapping<I: VMAIndex & ~Copyable>(
    _ pages: ClosedRange<UInt64>, of file: FileDescriptionID, in space: borrowing AddressSpace<I>
  ) -> [VMA] {
    space.vmas().filter { vma in
      let first = vma.pageOffset.rawValue
      return vma.file == file && !vma.flags.contains(.nonLinear) && first <= pages.upperBound
        && first + vma.range.length >> 12 > pages.lowerBound
    }.sorted {
      ($0.pageOffset.rawValue, $0.handle.slot) < ($1.pageOffset.rawValue, $1.handle.slot)
    }
  }

  private static func errors<I: VMAIndex & ~Copyable>(
    in space: borrowing AddressSpace<I>
  ) -> [String] {
    var errors: [String] = []
    let vmas = space.vmas()
    let files = Set(vmas.map(\.file.rawValue)).subtracting([0]).sorted()
    if space.mappedFiles.map(\.rawValue) != files { errors.append("files") }
    for vma in vmas where vma.file != .none {
      let first = vma.pageOffset.rawValue
      for page in [first, first + vma.range.length >> 12 - 1, first + vma.range.length >> 12] {
        if space.vmas(mapping: page...page, of: vma.file)
          != mapping(page...page, of: vma.file, in: space)
        {
          errors.append("page \(page) of \(vma.file.rawValue)")
        }
      }
    }
    for file in Set(vmas.map(\.file)) where file != .none {
      let nonLinear = vmas.filter { $0.file == file && $0.flags.contains(.nonLinear) }
      let found = space.nonLinearVMAs(of: file)
      if Set(found) != Set(nonLinear) || found.count != nonLinear.count {
        errors.append("nonlinear VMAs of \(file.rawValue)")
      }
    }
    let written = Set(vmas.map(\.anonVMA)).subtracting([.none])
    if Set(space.anonVMAs) != written { errors.append("anon_vmas") }
    for anonVMA in written where space.vmas(of: anonVMA) != vmas.filter({ $0.anonVMA == anonVMA }) {
      errors.append("anon_vma \(anonVMA.number)")
    }
    return errors
  }

  private static func end<I: VMAIndex & ~Copyable>(_ space: inout AddressSpace<I>) {
    space.removeAll()
    #expect(space.objectReferences.isBalanced)
    #expect(space.mappedFiles.isEmpty && space.anonVMAs.isEmpty)
  }
}
