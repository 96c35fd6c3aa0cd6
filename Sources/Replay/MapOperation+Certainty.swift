import AddressSpaces
import SyscallABI

extension MapOperation {
  /// What the call changes of the VMAs that it walks over; nil if it is no such call.
  var change: CertainChange? {
    switch self {
    case .mprotect: .access
    case .mlock(_, _, let onFault): .locks(populates: !onFault)
    case .munlock, .munlockall: .locks(populates: false)
    case .mlockall(let flags): .locks(populates: !flags.contains(.onFault))
    case .madvise(_, _, let advice): advice.setsFlags ? .other : nil
    case .mseal, .mbind, .setName: .other
    case .mmap, .impossibleMmap, .munmap, .mremap, .shmat, .shmdt, .remapFilePages,
      .badDescriptor, .untold:
      nil
    }
  }

  var isMove: Bool {
    if case .mremap = self { return true }
    return false
  }

  /// The pages that the call is about, as whole pages; none where that is no range.
  var footprint: [AddressRange] {
    switch self {
    case .mmap(let range, _, _, _, _, _):
      [AddressRange(range.start.roundedDownToPage, range.end.roundedUpToPage)]
    case .munmap(let addr, let length), .mprotect(let addr, let length, _, _),
      .madvise(let addr, let length, _), .mseal(let addr, let length),
      .mbind(let addr, let length, _), .setName(let addr, let length, _),
      .shmat(let addr, let length, _, _):
      addr.isPageAligned ? Self.pages(addr, length) : []
    case .mlock(let addr, let length, _), .munlock(let addr, let length),
      .remapFilePages(let addr, let length, _, _, _):
      Self.pages(addr.roundedDownToPage, length &+ (addr &- addr.roundedDownToPage))
    case .mremap(let addr, let oldSize, let newSize, let flags, let newAddress, let result):
      Self.pages(addr, oldSize)
        + Self.pages(flags.contains(.fixed) ? newAddress ?? result : result, newSize)
    case .mlockall(let flags):
      flags.contains(.current) ? [AddressRange(.zero, taskSize)] : []
    case .munlockall: [AddressRange(.zero, taskSize)]
    case .impossibleMmap, .shmdt, .badDescriptor, .untold: []
    }
  }

  private static func pages(_ address: Address, _ length: UInt64) -> [AddressRange] {
    guard address.isPageAligned, let size = Page.align(length), size > 0,
      address &+ size > address, address &+ size <= taskSize
    else { return [] }
    return [AddressRange(address, address &+ size)]
  }

  /// Adds what a successful call leaves open.
  ///
  /// - Parameter space: after the call.
  func read<Index: VMAIndex & ~Copyable>(
    into certain: inout CertainAddressSpace, after space: borrowing AddressSpace<Index>
  ) {
    if case .shmdt = self { return certain.shmdt(after: space) }
    if case .mremap(let addr, let oldSize, let newSize, let flags, _, let result) = self {
      return certain.mremap(
        addr, oldSize: oldSize, newSize: newSize, flags: flags, result: result, after: space)
    }
    guard let range = footprint.first else { return }
    switch self {
    case .mmap(_, let prot, let flags, _, _, _):
      if flags.contains(.hugeTLB) {
        return certain.resync(space.vmaContaining(range.start)?.range ?? range, with: space)
      }
      let isAnonymous = flags.contains(.anonymous)
      certain.mmap(
        range, hasFileOfItsOwn: isAnonymous, knowsSharing: isAnonymous || prot.contains(.write),
        populates: flags.contains(.populate) && !flags.contains(.nonBlock), after: space)
    case .munmap: certain.munmap(range, after: space)
    case .shmat:
      certain.mmap(
        range, hasFileOfItsOwn: true, knowsSharing: true, populates: false, after: space)
    case .mprotect(_, _, let prot, _):
      certain.change(
        reach(range, prot, space), .access, succeeded: true, after: space)
    case .mbind where !certain.profile.follows(.mbindMerges):
      certain.resync(range, with: space)
    case .remapFilePages:
      // All of a VMA becomes nonlinear.
      let vma = space.vmaContaining(range.start)
      let isNonLinear = vma?.flags.contains(.nonLinear) ?? false
      certain.resync(isNonLinear ? vma!.range : range, with: space)
    case .madvise(_, _, let advice) where !advice.setsFlags:
      certain.populate(range, by: advice, succeeded: true)
    case .madvise, .mseal, .mbind, .setName, .mlock, .munlock, .mlockall, .munlockall:
      if let change { certain.change(range, change, succeeded: true, after: space) }
    case .impossibleMmap, .mremap, .shmdt, .badDescriptor, .untold: break
    }
  }

  /// With PROT_GROWSDOWN the change reaches down to the start of the stack.
  private func reach<Index: VMAIndex & ~Copyable>(
    _ range: AddressRange, _ prot: Protection, _ space: borrowing AddressSpace<Index>
  ) -> AddressRange {
    guard prot.contains(.growsDown), let vma = space.vmaContaining(range.start) else {
      return range
    }
    return AddressRange(min(range.start, vma.range.start), range.end)
  }

  /// Adds what a call leaves open that was refused.
  ///
  /// - Parameter isExpected: the model refused it too, and stopped where it did; else it has done
  ///   nothing.
  func readFailure<Index: VMAIndex & ~Copyable>(
    into certain: inout CertainAddressSpace, isExpected: Bool,
    after space: borrowing AddressSpace<Index>
  ) {
    let ranges = footprint
    guard let range = ranges.first else { return }
    if case .madvise(_, _, let advice) = self, !advice.setsFlags {
      return certain.populate(range, by: advice, succeeded: false)
    }
    if let change {
      if isExpected { certain.change(range, change, succeeded: false, after: space) }
      // Of runs with different numbers of VMAs, each may meet the limit at another place.
      let meetsLimit = certain.mapCountMax >= space.limits.maxMapCount - 2
      if !isExpected || meetsLimit { certain.refuse(range, change) }
      return
    }
    if case .mremap(let addr, let oldSize, let newSize, let flags, let newAddress?, _) = self,
      flags.contains(.fixed), oldSize == newSize
    {
      certain.refuseMove(
        addr, size: oldSize, target: newAddress, leaves: flags.contains(.dontUnmap), after: space)
    }
    for range in ranges {
      certain.check(range, with: space)
      certain.refuse(cutAt: range.start, after: space)
    }
  }
}

extension Advice {
  /// It sets or clears flags of VMAs.
  var setsFlags: Bool {
    switch self {
    case .normal, .random, .sequential, .dontFork, .doFork, .wipeOnFork, .keepOnFork, .dontDump,
      .doDump, .mergeable, .unmergeable, .hugePage, .noHugePage:
      true
    default: false
    }
  }
}
