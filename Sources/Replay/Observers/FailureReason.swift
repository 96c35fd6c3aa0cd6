import AddressSpaces
import SyscallABI
import SystemPackage

/// The limit that a refused call met, as far as the model can tell.
public enum FailureReason: Hashable, Sendable {
  /// `vm.max_map_count`; `reserve` VMAs below it the call is refused already.
  case mapCount(reserve: Int)
  /// RLIMIT_AS.
  case addressSpace
  /// RLIMIT_DATA.
  case data
  /// RLIMIT_MEMLOCK.
  case memLock
  /// Part of the range is not mapped.
  case hole
  /// Something is mapped right above the heap.
  case aboveHeap
  /// No gap between the mappings is large enough.
  case noGap
  /// The rules of the kernel refuse such a call, whatever the limits are.
  case rules
  /// The model finds no reason.
  case unknown
}

extension AddressSpace where Index: ~Copyable {
  /// Why the kernel refused a call with `errno`; for brk, 0. The call has been applied.
  ///
  /// - Complexity: O(*n*).
  borrowing func reason(for event: SyscallEvent, errno: Int32) -> FailureReason {
    let isLimit =
      errno == 0 || errno == Errno.noMemory.rawValue
      || errno == Errno.resourceTemporarilyUnavailable.rawValue
    if !isLimit { return predictsRefusal(event) ? .rules : .unknown }
    switch event.call {
    case .mmap(let addr, let length, let prot, let flags, _, _, _):
      return mmapReason(addr, Page.align(length) ?? .max, prot, flags)
    case .brk(let addr): return brkReason(addr)
    case .mremap(let addr, let oldSize, let newSize, let flags, _):
      let size = Page.align(newSize) ?? .max
      let reserve = flags.contains(.fixed) ? 5 : 3
      if mapCount >= limits.maxMapCount - reserve { return .mapCount(reserve: reserve) }
      if isHole(addr, oldSize) { return .hole }
      if size > oldSize, exceeds(limits.addressSpace, totalVM, size - oldSize) {
        return .addressSpace
      }
      if size > oldSize, exceeds(limits.data, dataVM, size - oldSize) { return .data }
      return largestGap < size ? .noGap : .unknown
    case .munmap: return mapCount >= limits.maxMapCount ? .mapCount(reserve: 0) : .unknown
    case .mprotect(let addr, let length, let prot, _):
      if isHole(addr, length) { return .hole }
      if mapCount < limits.maxMapCount, prot.contains(.write),
        exceeds(limits.data, dataVM, length)
      {
        return .data
      }
      return splitReason
    case .madvise(let addr, let length, _), .munlock(let addr, let length),
      .mseal(let addr, let length), .mbind(let addr, let length, _, _, _),
      .setVMAName(let addr, let length, _):
      return isHole(addr, length) ? .hole : splitReason
    case .mlock(let addr, let length, _):
      if isHole(addr, length) { return .hole }
      if exceeds(limits.memLock, lockedVM, length) { return .memLock }
      return splitReason
    case .mlockall: return limits.memLock == ResourceLimit.infinity ? .unknown : .memLock
    case .remapFilePages, .processMadvise, .munlockall, .shmget, .shmat, .shmdt, .clone, .clone3,
      .fork, .execve, .exit, .setLimit:
      return mapCount > limits.maxMapCount ? .mapCount(reserve: -1) : .unknown
    }
  }

  private borrowing func mmapReason(
    _ addr: Address, _ size: UInt64, _ prot: Protection, _ flags: MapFlags
  ) -> FailureReason {
    if size > taskSize.rawValue { return .rules }
    if mapCount > limits.maxMapCount { return .mapCount(reserve: -1) }
    if exceeds(limits.addressSpace, totalVM, size) { return .addressSpace }
    if flags.contains(.locked), exceeds(limits.memLock, lockedVM, size) { return .memLock }
    if prot.contains(.write), !flags.isShared, exceeds(limits.data, dataVM, size) {
      return .data
    }
    if flags.contains(.fixed) {
      return mapCount >= limits.maxMapCount ? .mapCount(reserve: 0) : .unknown
    }
    return largestGap < size ? .noGap : .unknown
  }

  private borrowing func brkReason(_ addr: Address) -> FailureReason {
    let old = currentBreak.roundedUpToPage
    let new = addr.roundedUpToPage
    guard new > old else { return .unknown }
    if mapCount > limits.maxMapCount { return .mapCount(reserve: -1) }
    if exceeds(limits.addressSpace, totalVM, new &- old) { return .addressSpace }
    if limits.data != ResourceLimit.infinity, addr &- layout.startBrk > limits.data {
      return .data
    }
    if exceeds(limits.data, dataVM, new &- old) { return .data }
    return isMapped(anyOf: AddressRange(old, new &+ Page.size)) ? .aboveHeap : .unknown
  }

  private var splitReason: FailureReason {
    mapCount >= limits.maxMapCount ? .mapCount(reserve: 0) : .unknown
  }

  func exceeds(_ limit: UInt64, _ pages: UInt64, _ bytes: UInt64) -> Bool {
    limit != ResourceLimit.infinity
      && pages.addingReportingOverflow(bytes >> Page.shift).partialValue > limit >> Page.shift
  }

  private var largestGap: UInt64 {
    var (largest, end) = (UInt64(0), Address(Page.size << 4))
    forEachVMA { vma in
      if vma.range.start > end { largest = max(largest, vma.range.start &- end) }
      end = vma.range.end
    }
    return max(largest, taskSize > end ? taskSize &- end : 0)
  }

  private borrowing func isHole(_ address: Address, _ length: UInt64) -> Bool {
    let start = address.roundedDownToPage
    let end = (address &+ length).roundedUpToPage
    var position = start
    guard end > start else { return false }
    forEachVMA(in: AddressRange(start, end)) { vma in
      if vma.range.start <= position { position = vma.range.end }
    }
    return position < end
  }

  /// The model refuses the same call too.
  private borrowing func predictsRefusal(_ event: SyscallEvent) -> Bool {
    switch event.call {
    case .mmap(let addr, let length, let prot, let flags, _, _, let offset):
      predictMmap(
        at: addr, length: length, prot: prot, flags: flags,
        hasFile: !flags.contains(.anonymous), offset: offset) != nil
    case .munmap(let addr, let length): predictMunmap(addr, length: length) != nil
    case .mprotect(let addr, let length, let prot, let pkey):
      predictMprotect(addr, length: length, prot: prot, pkey: pkey) != nil
    case .madvise(let addr, let length, let advice):
      predictMadvise(addr, length: length, advice: advice) != nil
    case .mremap(let addr, let oldSize, let newSize, let flags, let newAddress):
      predictMremap(
        addr, oldSize: oldSize, newSize: newSize, flags: flags, newAddress: newAddress) != nil
    default: false
    }
  }
}
