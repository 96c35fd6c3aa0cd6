import AddressSpaces
import SyscallABI

extension AddressSpace where Index: ~Copyable {
  /// Which limit a call would meet that the log shows granted. It has been applied: what it maps or
  /// locks is counted already.
  ///
  /// - Parameter before: the VMAs right before the call.
  /// - Complexity: O(*n*).
  borrowing func reasonToRefuse(_ event: SyscallEvent, before: Int) -> FailureReason {
    switch event.call {
    case .mmap(_, _, let prot, let flags, _, _, _):
      if before > limits.maxMapCount { return .mapCount(reserve: -1) }
      if isAboveAddressSpaceLimit { return .addressSpace }
      if flags.contains(.locked) && isAboveLockLimit { return .memLock }
      if prot.contains(.write) && isAboveDataLimit { return .data }
      return splitReason(before)
    case .brk(let addr):
      if before > limits.maxMapCount { return .mapCount(reserve: -1) }
      if isAboveAddressSpaceLimit { return .addressSpace }
      if limits.data != ResourceLimit.infinity, addr &- layout.startBrk > limits.data {
        return .data
      }
      return isAboveDataLimit ? .data : .unknown
    case .mremap(_, _, _, let flags, _):
      let reserve = flags.contains(.fixed) ? 5 : 3
      if before >= limits.maxMapCount - reserve { return .mapCount(reserve: reserve) }
      if isAboveAddressSpaceLimit { return .addressSpace }
      if isAboveDataLimit { return .data }
      return isAboveLockLimit ? .memLock : .unknown
    case .mprotect(_, _, let prot, _):
      if splitReason(before) != .unknown { return splitReason(before) }
      return prot.contains(.write) && isAboveDataLimit ? .data : .unknown
    case .mlock, .mlockall: return isAboveLockLimit ? .memLock : splitReason(before)
    case .munmap, .madvise, .munlock, .mseal, .mbind, .setVMAName, .remapFilePages,
      .processMadvise, .munlockall, .shmget, .shmat, .shmdt, .clone, .clone3, .fork, .execve, .exit,
      .setLimit:
      return splitReason(before)
    }
  }

  /// A call may need two cuts.
  private func splitReason(_ before: Int) -> FailureReason {
    before + 1 >= limits.maxMapCount ? .mapCount(reserve: 0) : .unknown
  }

  private var isAboveAddressSpaceLimit: Bool { exceeds(limits.addressSpace, totalVM, 0) }
  private var isAboveLockLimit: Bool { exceeds(limits.memLock, lockedVM, 0) }
  private var isAboveDataLimit: Bool {
    limits.data != ResourceLimit.infinity && exceeds(limits.data, dataVM, 0)
  }
}
