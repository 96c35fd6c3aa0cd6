import AddressSpaces
import SyscallABI
import SystemPackage

// Most lines of most logs are three calls. They go straight from the event to the model: what
// `applySuccess` does with every call, without a `MapOperation` in between, which costs a tenth of
// a replay. Whatever is unusual about one is left to `applySuccess`.

extension ReplayEngine where Index: ~Copyable {
  /// - Returns: false if the call is none of them, or not of the usual kind.
  @inline(__always)
  mutating func applyFrequent(
    _ event: SyscallEvent, process: Int, in batch: TraceBatch
  ) -> Bool {
    // What is asked of each operation is asked there.
    if Observer.readsCertainty || Observer.watchesPlacement { return false }
    switch event.call {
    case .mmap(_, let length, let prot, let flags, _, _, let offset):
      guard flags.contains(.anonymous), !flags.isShared, !flags.contains(.fixed) else {
        return false
      }
      return applyAnonymousMmap(event, length, prot, flags, offset, process: process, in: batch)
    case .munmap(let addr, let length):
      applyMunmap(event, addr, length, process: process)
      return true
    case .mprotect(let addr, let length, let prot, let pkey) where pkey < 0:
      applyMprotect(event, addr, length, prot, process: process)
      return true
    default: return false
    }
  }

  private mutating func applyAnonymousMmap(
    _ event: SyscallEvent, _ length: UInt64, _ prot: Protection, _ flags: MapFlags,
    _ offset: UInt64, process: Int, in batch: TraceBatch
  ) -> Bool {
    let start = event.result.value
    let (end, overflow) = start.addingReportingOverflow(length)
    guard length > 0, !overflow, end <= UInt64.max - Page.mask, options.profile.knows(flags) else {
      return false
    }
    let range = AddressRange(Address(start), Address(end))
    let replaces = clearWay(for: range, event, process: process)
    if tasks.choosing > 0 { letEarlierGoFirst(event, process: process, in: batch) }
    settle(event, process: process, replaced: replaces ? range : nil) {
      space, leniently throws(Errno) in
      _ = try space.mmap(
        at: range.start, length: length, prot: prot, flags: flags, offset: offset,
        leniently: leniently)
    }
    assumeWritten(range, process: process)
    return true
  }

  private mutating func applyMunmap(
    _ event: SyscallEvent, _ addr: Address, _ length: UInt64, process: Int
  ) {
    settle(event, process: process, replaced: AddressRange(pages: addr, length)) {
      space, leniently throws(Errno) in
      try space.munmap(addr, length: length, leniently: leniently)
    }
    noteUnmapping(process: process)
  }

  private mutating func applyMprotect(
    _ event: SyscallEvent, _ addr: Address, _ length: UInt64, _ prot: Protection, process: Int
  ) {
    let range = AddressRange(pages: addr, length)
    if let range, !processes[process].knowsStart, !prot.contains(.growsDown) {
      place(byProtecting: range, prot, process: process)
      imply(range, process: process)
    }
    settle(event, process: process, replaced: nil) { space, leniently throws(Errno) in
      try space.mprotect(addr, length: length, prot: prot, leniently: leniently)
    }
    guard let range else { return }
    noteAccess(to: range, prot, process: process)
  }

  /// Does what the kernel did; what the model would have said instead is a divergence.
  @inline(__always)
  private mutating func settle(
    _ event: SyscallEvent, process: Int, replaced: AddressRange?,
    _ attempt: (inout AddressSpace<Index>, Bool) throws(Errno) -> Void
  ) {
    let expected = spaces.modify(processes[process].space) { space -> Errno? in
      // What a refused one leaves is part of what it does if it is not refused.
      do throws(Errno) {
        try attempt(&space, false)
        return nil
      } catch {
        try? attempt(&space, true)
        return error
      }
    }
    if let replaced, !processes[process].implied.isEmpty {
      forgetImplied(replaced, process: process)
    }
    if let expected {
      diverge(.succeeded(expected: expected.rawValue), event, process: process)
    }
  }
}
