import Testing

@testable import SyscallABI

@Suite struct FlagWordTests {
  @Test(
    arguments: [
      (0, ["PROT_NONE"]), (3, ["PROT_READ", "PROT_WRITE"]), (0x10, ["0x10"]),
      (0x0100_0001, ["PROT_READ", "PROT_GROWSDOWN"]), (0x8000_0004, ["PROT_EXEC", "0x80000000"]),
    ] as [(UInt64, [String])])
  func protectionNames(value: UInt64, names: [String]) {
    #expect(Protection(rawValue: value).names == names)
  }

  @Test(
    arguments: [
      (0, []), (0x22, ["MAP_PRIVATE", "MAP_ANONYMOUS"]), (0x3, ["MAP_SHARED_VALIDATE"]),
      (0x28, ["MAP_DROPPABLE", "MAP_ANONYMOUS"]), (0x25, ["MAP_ANONYMOUS", "0x5"]),
      (0x5404_0022, ["MAP_PRIVATE", "MAP_ANONYMOUS", "MAP_HUGETLB", "21<<MAP_HUGE_SHIFT"]),
      (0x20_0012, ["MAP_PRIVATE", "MAP_FIXED", "0x200000"]),
    ] as [(UInt64, [String])])
  func mapFlagNames(value: UInt64, names: [String]) {
    #expect(MapFlags(rawValue: value).names == names)
  }

  @Test func cloneFlagsCarryTheExitSignal() {
    #expect(CloneFlags(rawValue: 0x111).names == ["SIGCHLD", "CLONE_VM"])
    #expect(CloneFlags(rawValue: 0).names == [])
    #expect(CloneFlags(rawValue: 0x2_0000_0000).names == ["CLONE_INTO_CGROUP"])
  }

  /// No bit is named twice, so that names and value determine each other.
  @Test func tablesNameEachBitOnce() {
    func check<Word: FlagWord>(_: Word.Type) {
      var seen: UInt64 = Word.fieldMask == .max ? 0 : Word.fieldMask
      for (name, bit) in Word.bitNames {
        #expect(bit.nonzeroBitCount == 1 && seen & bit == 0, "\(name)")
        seen |= bit
      }
    }
    check(Protection.self)
    check(MapFlags.self)
    check(RemapFlags.self)
    check(CloneFlags.self)
    check(AttachFlags.self)
    check(LockAllFlags.self)
  }

  @Test func adviceAndLimitsHaveNames() {
    #expect(Advice.guardInstall.name == "MADV_GUARD_INSTALL")
    #expect(Advice(rawValue: 77).name == "0x4d")
    #expect(ResourceLimit.stack.name == "RLIMIT_STACK")
    #expect(ResourceLimit(rawValue: 99).name == "0x63")
    #expect(SignalName.name(of: 35) == "SIGRT_3")
    #expect(SignalName.name(of: 0) == nil)
  }

  @Test func eventStaysSmallAndTrivial() {
    func isTrivial<T: BitwiseCopyable>(_: T.Type) {}
    isTrivial(SyscallEvent.self)
    isTrivial(TraceItem.self)
    #expect(MemoryLayout<SyscallEvent>.stride <= 104)
    #expect(MemoryLayout<TraceItem>.stride <= 104)
  }
}
