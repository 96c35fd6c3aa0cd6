import AddressSpaces
import SyscallABI
import Testing

private let program = FileDescriptionID(1)
private let loader = FileDescriptionID(2)

/// VM_EXECUTABLE, `num_exe_file_vmas` and `/proc/PID/exe`.
@Suite struct ExecutableTests {
  /// `PPP` of the program, `LL` of its interpreter, memory between them.
  private func loaded(_ profile: KernelProfile) throws -> TreeSpace {
    var space = TreeSpace(profile: profile)
    let text: VMAFlags = [.read, .exec, .mayRead, .mayWrite, .mayExec]
    try space.install(Canvas.range(0..<3), flags: text, file: program)
    try space.install(Canvas.range(3..<4), flags: Paint.plain, file: program, offset: pages(3))
    try space.install(Canvas.range(4..<5), flags: Paint.plain)
    try space.install(Canvas.range(6..<8), flags: text, file: loader)
    space.setExecutable(program, isFresh: true)
    return space
  }

  @Test func onlyExecSetsTheFlag() throws {
    var space = try loaded(.linux2_6)
    let flags: VMAFlags = [.executable, .denyWrite]
    #expect(
      space.vmas().map { $0.flags.intersection(flags) } == [flags, flags, [], .denyWrite])
    #expect(space.exeFileVMAs == 2 && space.exeFile == program)
    // MAP_EXECUTABLE and MAP_DENYWRITE of a program are passed over.
    try space.mmap(
      at: column(10), length: pages(1), prot: .read,
      flags: .private | .fixed | .denyWrite | MapFlags(rawValue: 0x1000), file: program)
    #expect(space.vmas().last?.flags.isDisjoint(with: flags) == true)
    #expect(space.exeFileVMAs == 2)
    let new = try loaded(.linux6)
    #expect(new.vmas().allSatisfy { $0.flags.isDisjoint(with: flags) })
    #expect(new.exeFileVMAs == 0 && new.exeFile == program)
  }

  /// It counts as any other flag when VMAs are to become one.
  @Test func aMappingOfTheProgramDoesNotJoinIt() throws {
    for profile in [KernelProfile.linux2_6, .linux6] {
      var space = try loaded(profile)
      try space.munmap(column(3), length: pages(2))
      try space.mmap(
        at: column(3), length: pages(1), prot: .read | .exec, flags: .private | .fixed,
        file: program, offset: pages(3))
      #expect(borders(space) == borders(profile == .linux2_6 ? "AAAB  LL" : "AAAA  LL"))
      #expect(refusals(space) == (profile == .linux2_6 ? [.flags] : []))
    }
  }

  /// Splits and copies count, merges and unmapping give back; with the last one the file goes.
  @Test func theFileGoesWithItsLastVMA() throws {
    var space = try loaded(.linux2_6)
    try space.mprotect(column(1), length: pages(1), prot: .read)
    #expect(space.exeFileVMAs == 4)
    try space.mprotect(column(1), length: pages(1), prot: .read | .exec)
    #expect(space.exeFileVMAs == 2 && borders(space) == borders("AAABC LL"))
    try space.mremap(
      column(0), oldSize: pages(1), newSize: pages(1), flags: .mayMove | .fixed,
      newAddress: column(20), result: column(20))
    #expect(space.exeFileVMAs == 3)
    try space.munmap(column(0), length: pages(4))
    #expect(space.exeFileVMAs == 1 && space.exeFile == program)
    space.checkInvariants()
    let child = space.fork()
    #expect(child.exeFileVMAs == 1)
    try space.munmap(column(20), length: pages(1))
    #expect(space.exeFileVMAs == 0 && space.exeFile == .none)
    #expect(child.exeFile == program)
    space.removeAll()
    #expect(space.exeFileVMAs == 0)
  }

  /// fork copies the count, whatever it leaves out: such a child keeps the file for ever.
  @Test func aChildCountsWhatItDidNotInherit() throws {
    var space = try loaded(.linux2_6)
    try space.madvise(column(0), length: pages(3), advice: .dontFork)
    var child = space.fork()
    #expect(borders(child) == borders("   BC LL"))
    #expect(child.exeFileVMAs == 2)
    try child.munmap(column(3), length: pages(1))
    #expect(child.exeFileVMAs == 1 && child.exeFile == program)
    let grandchild = child.fork()
    #expect(grandchild.exeFileVMAs == 1)
    child.checkInvariants()
  }

  /// The path of a call names the functions that count.
  @Test func pathsShowTheCount() throws {
    var space = AddressSpace<TracedIndex<RedBlackTreeIndex>>(profile: .linux2_6)
    let text: VMAFlags = [.read, .exec, .mayRead, .mayWrite, .mayExec]
    try space.install(Canvas.range(0..<3), flags: text, file: program)
    space.setExecutable(program, isFresh: true)
    space.beginPath()
    try space.munmap(column(0), length: pages(1))
    let steps = space.endPath().steps
    var functions: [KernelFunction] = []
    var counts: [UInt64] = []
    for step in steps {
      if case .function(let function, _) = step.event { functions.append(function) }
      if case .exeFileVMAs(let count) = step.event { counts.append(count) }
    }
    #expect(functions.contains(.addedExeFileVMA) && functions.contains(.removedExeFileVMA))
    #expect(counts == [2, 1])
  }
}
