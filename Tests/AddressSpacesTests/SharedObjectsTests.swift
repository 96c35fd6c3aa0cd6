import AddressSpaces
import SyscallABI
import TestSupport
import Testing

/// What a family of address spaces shares, after random programs, against a look at all VMAs.
@Suite struct SharedObjectsTests {
  typealias Index = RedBlackTreeIndex

  @Test(arguments: [
    KernelProfile.linux2_6, KernelProfile(version: KernelVersion(2, 6, 36)), .linux6,
  ])
  func allUsersAreFound(_ profile: KernelProfile) {
    for seed in UInt64(30_000)..<30_040 {
      var parent = ModelledProcess<Index>(firstBreak: 0x5555_0000_0000, profile: profile)
      var child = ModelledProcess<Index>(firstBreak: 0x5555_0000_0000, profile: profile)
      var grandchild = ModelledProcess<Index>(firstBreak: 0x5555_0000_0000, profile: profile)
      let ofParent = AnonVMALineage(space: 1)
      Self.run(&parent, seed)
      child.space = parent.space.fork()
      let ofChild = AnonVMALineage(space: 2, of: child.space, parent: ofParent, parent.space)
      Self.expectInherited(child.space, ofChild, parent.space, ofParent, profile)
      Self.run(&parent, seed &+ 1000)
      Self.run(&child, seed &+ 2000)
      grandchild.space = child.space.fork()
      let ofGrandchild = AnonVMALineage(
        space: 3, of: grandchild.space, parent: ofChild, child.space)
      Self.expectInherited(grandchild.space, ofGrandchild, child.space, ofChild, profile)
      Self.run(&grandchild, seed &+ 3000)

      var shared = SharedObjects()
      shared.add(parent.space, ofParent) { SharedFile($0.rawValue) }
      shared.add(child.space, ofChild) { SharedFile($0.rawValue) }
      shared.add(grandchild.space, ofGrandchild) { SharedFile($0.rawValue) }
      let vmas = [parent.space.vmas(), child.space.vmas(), grandchild.space.vmas()]
      Self.expectFiles(shared, vmas, seed)
      Self.expectAnonVMAs(shared, vmas, [ofParent, ofChild, ofGrandchild], seed)
    }
  }

  private static func run(_ process: inout ModelledProcess<Index>, _ seed: UInt64) {
    for call in RandomProgram(seed: seed, length: 80).calls {
      if case .fork = call { continue }
      _ = process.apply(call, result: call.plainResult)
    }
  }

  /// Right after fork: a VMA of the child is on all lists of its parent's, and since 2.6.34 on one
  /// of its own before them.
  private static func expectInherited(
    _ child: borrowing AddressSpace<Index>, _ ofChild: AnonVMALineage,
    _ parent: borrowing AddressSpace<Index>, _ ofParent: AnonVMALineage, _ profile: KernelProfile
  ) {
    let sources = Dictionary(uniqueKeysWithValues: parent.vmas().map { ($0.range.start, $0) })
    for vma in child.vmas() where !vma.anonVMA.isNone {
      let lists = ofChild.lists(of: vma.anonVMA)
      let inherited = ofParent.lists(of: sources[vma.range.start]!.anonVMA)
      if profile == .linux2_6 {
        #expect(lists == inherited)
      } else {
        #expect(Array(lists.dropFirst()) == inherited && !inherited.contains(lists[0]))
      }
    }
  }

  private static func expectFiles(_ shared: SharedObjects, _ vmas: [[VMA]], _ seed: UInt64) {
    let mapped = vmas.joined().filter { $0.file != .none }
    let files = Set(mapped.map { SharedFile($0.file.rawValue) })
    #expect(shared.files == files.sorted(), "seed \(seed)")
    for vma in mapped {
      let file = SharedFile(vma.file.rawValue)
      let first = vma.pageOffset.rawValue
      for page in [first, first + vma.range.lengthInPages] {
        var expected: [String] = []
        for (space, list) in vmas.enumerated() {
          for user in list where user.file == vma.file && !user.flags.contains(.nonLinear) {
            let start = user.pageOffset.rawValue
            if start <= page && page < start + user.range.lengthInPages {
              expected.append("\(space) \(user.range)")
            }
          }
        }
        let users = shared.users(mapping: page...page, of: file)
        let found = users.map { "\($0.space) \($0.vma.range)" }
        #expect(found.sorted() == expected.sorted(), "seed \(seed), page \(page)")
      }
      let nonLinear = vmas.joined().count { $0.file == vma.file && $0.flags.contains(.nonLinear) }
      #expect(shared.nonLinearUsers(of: file).count == nonLinear, "seed \(seed)")
    }
  }

  private static func expectAnonVMAs(
    _ shared: SharedObjects, _ vmas: [[VMA]], _ lineages: [AnonVMALineage], _ seed: UInt64
  ) {
    var entries = 0
    for (space, list) in vmas.enumerated() {
      for vma in list where !vma.anonVMA.isNone {
        let lists = lineages[space].lists(of: vma.anonVMA)
        #expect(Set(lists).count == lists.count, "seed \(seed)")
        entries += lists.count
        for object in lists {
          let users = shared.users(of: object)
          let own = users.filter { $0.space == space && $0.vma == vma }
          #expect(own.count == 1 && own[0].anonVMA == lists[0], "seed \(seed)")
        }
      }
    }
    let listed = shared.anonVMAs.reduce(0) { $0 + shared.users(of: $1).count }
    #expect(listed == entries && shared.anonVMAs == shared.anonVMAs.sorted(), "seed \(seed)")
  }
}
