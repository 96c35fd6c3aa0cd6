import AddressSpaces
import SyscallABI
import SystemPackage

/// A call as the model understands it: ids resolved, the recorded address in place.
enum MapOperation {
  /// `range` is where the kernel put it (for a failed call, where it was asked for).
  case mmap(
    range: AddressRange, prot: Protection, flags: MapFlags, file: FileDescriptionID,
    access: FileAccess = .unknown, offset: UInt64)
  /// An mmap that makes no sense as a range; it can only fail.
  case impossibleMmap(
    addr: Address, length: UInt64, prot: Protection, flags: MapFlags, offset: UInt64)
  case munmap(addr: Address, length: UInt64)
  case mprotect(addr: Address, length: UInt64, prot: Protection, pkey: Int32)
  case mremap(
    addr: Address, oldSize: UInt64, newSize: UInt64, flags: RemapFlags, newAddress: Address?,
    result: Address)
  case madvise(addr: Address, length: UInt64, advice: Advice)
  case mlock(addr: Address, length: UInt64, onFault: Bool)
  case munlock(addr: Address, length: UInt64)
  case mlockall(LockAllFlags)
  case munlockall
  case mseal(addr: Address, length: UInt64)
  case mbind(addr: Address, length: UInt64, policy: PolicyID)
  case shmat(
    addr: Address, length: UInt64, segment: FileDescriptionID, flags: AttachFlags)
  case shmdt(addr: Address)
  case setName(addr: Address, length: UInt64, name: NameID)
  case remapFilePages(
    addr: Address, size: UInt64, prot: Protection, pageOffset: PageOffset, isOnDisk: Bool = true)
  /// An mmap of a descriptor that is not open.
  case badDescriptor(offset: UInt64)
  /// A call that the kernel refused and of whose object the log says too little: it changes
  /// nothing.
  case untold

  /// Where the kernel put a mapping that was not to replace anything; nil for other calls.
  var placedRange: AddressRange? {
    switch self {
    case .mmap(let range, _, let flags, _, _, _): flags.contains(.fixed) ? nil : range
    default: nil
    }
  }

  /// The kernel of the profile does not know what the call asks: how it ended says nothing.
  func isUnknown(to profile: KernelProfile) -> Bool {
    switch self {
    case .mmap(_, _, let flags, _, _, _), .impossibleMmap(_, _, _, let flags, _):
      // MAP_STACK has long been there, but without a meaning.
      return !profile.knows(MapFlags(rawValue: flags.rawValue & ~MapFlags.stack.rawValue))
        && !profile.knows(flags)
    case .mprotect(_, _, _, let pkey): return pkey >= 0 && !profile.knows(.protectionKeys)
    case .mremap(_, let oldSize, let newSize, let flags, _, _):
      if flags.contains(.dontUnmap) { return !profile.knows(.dontUnmap) }
      return flags.contains(.fixed) && oldSize == newSize && !profile.follows(.multiVMARemap)
    case .madvise(_, _, let advice): return !profile.knows(advice)
    case .mlock(_, _, let onFault): return onFault && !profile.knows(.lockOnFault)
    case .mlockall(let flags):
      return flags.contains(.onFault) && !profile.knows(.lockOnFault)
    case .mseal: return !profile.knows(.mseal)
    case .setName: return !profile.knows(.anonVMAName)
    case .munmap, .munlock, .munlockall, .mbind, .shmat, .shmdt, .remapFilePages, .badDescriptor,
      .untold:
      return false
    }
  }

  /// Whether the kernel may refuse the call with this error for reasons that no log shows: what
  /// file is mapped and how it was opened, whether a segment still exists and may be attached.
  func mayFailUnforeseen(with errno: Errno) -> Bool {
    switch self {
    case .untold: true
    case .mmap(_, _, let flags, _, let access, _):
      !flags.contains(.anonymous)
        && !(access != .unknown && errno == .permissionDenied)
        && [.permissionDenied, .notPermitted, .operationNotSupportedByDevice, .textFileBusy]
          .contains(errno)
    case .shmat: [.invalidArgument, .permissionDenied, .identifierRemoved].contains(errno)
    default: false
    }
  }

  /// The error that the model expects; nil for success. Nothing is changed.
  func failure<Index: VMAIndex & ~Copyable>(
    in space: borrowing AddressSpace<Index>
  ) -> Errno? {
    switch self {
    case .mmap(let range, let prot, let flags, _, let access, let offset):
      space.predictMmap(
        at: range.start, length: range.length, prot: prot, flags: flags,
        hasFile: !flags.contains(.anonymous), fileIsWritable: access.isWritable, offset: offset)
        ?? (access == .writeOnly ? .permissionDenied : nil)
    case .impossibleMmap(let addr, let length, let prot, let flags, let offset):
      space.predictMmap(
        at: addr, length: length, prot: prot, flags: flags, hasFile: !flags.contains(.anonymous),
        offset: offset)
    case .munmap(let addr, let length):
      space.predictMunmap(addr, length: length)
    case .mprotect(let addr, let length, let prot, let pkey):
      space.predictMprotect(addr, length: length, prot: prot, pkey: pkey)
    case .mremap(let addr, let oldSize, let newSize, let flags, let newAddress, _):
      space.predictMremap(
        addr, oldSize: oldSize, newSize: newSize, flags: flags, newAddress: newAddress)
    case .madvise(let addr, let length, let advice):
      space.predictMadvise(addr, length: length, advice: advice)
    case .mlock(let addr, let length, let onFault):
      space.predictMlock(addr, length: length, onFault: onFault)
    case .munlock(let addr, let length):
      space.predictMunlock(addr, length: length)
    case .mseal(let addr, let length):
      space.predictMseal(addr, length: length)
    case .mbind(let addr, let length, let policy):
      space.predictMbind(addr, length: length, policy: policy)
    case .mlockall(let flags):
      space.predictMlockall(flags)
    case .shmat(let addr, let length, _, let flags):
      space.predictShmat(addr, length: length, flags: flags)
    case .shmdt(let addr):
      space.predictShmdt(addr)
    case .setName(let addr, let length, let name):
      space.predictSetName(addr, length: length, name: name)
    case .remapFilePages(let addr, let size, let prot, let pageOffset, let isOnDisk):
      space.predictRemapFilePages(
        addr, length: size, prot: prot, pageOffset: pageOffset, isOnDisk: isOnDisk)
    case .badDescriptor(let offset):
      offset & Page.mask == 0 ? .badFileDescriptor : .invalidArgument
    case .munlockall, .untold:
      nil
    }
  }

  /// Carries out what the kernel is known to have done.
  ///
  /// - Returns: the error that the model would have given instead; nil if it agrees.
  @inline(__always)
  func performKnown<Index: VMAIndex & ~Copyable>(
    on space: inout AddressSpace<Index>
  ) -> Errno? {
    switch self {
    case .mmap, .munmap, .mprotect:
      // They check while they go. What a refused one leaves is part of what it does if it is not.
      do throws(Errno) {
        try attempt(on: &space, leniently: false)
        return nil
      } catch {
        perform(on: &space, leniently: true)
        return error
      }
    default:
      let expected = failure(in: space)
      perform(on: &space, leniently: true)
      return expected
    }
  }

  /// Carries it out, with whatever changes a failure leaves.
  ///
  /// - Parameter leniently: the kernel is known to have done it.
  func perform<Index: VMAIndex & ~Copyable>(
    on space: inout AddressSpace<Index>, leniently: Bool
  ) {
    // The error was predicted, compared and counted; here only the changes matter.
    try? attempt(on: &space, leniently: leniently)
  }

  private func attempt<Index: VMAIndex & ~Copyable>(
    on space: inout AddressSpace<Index>, leniently: Bool
  ) throws(Errno) {
    switch self {
    case .mmap(let range, let prot, let flags, let file, let access, let offset):
      if !leniently && access == .writeOnly { throw .permissionDenied }
      try space.mmap(
        at: range.start, length: range.length, prot: prot, flags: flags, file: file,
        fileIsWritable: access.isWritable, offset: offset, leniently: leniently)
    case .impossibleMmap, .badDescriptor, .untold:
      break
    case .munmap(let addr, let length):
      try space.munmap(addr, length: length, leniently: leniently)
    case .mprotect(let addr, let length, let prot, let pkey):
      try space.mprotect(addr, length: length, prot: prot, pkey: pkey, leniently: leniently)
    case .mremap(let addr, let oldSize, let newSize, let flags, let newAddress, let result):
      try space.mremap(
        addr, oldSize: oldSize, newSize: newSize, flags: flags, newAddress: newAddress,
        result: result, leniently: leniently)
    case .madvise(let addr, let length, let advice):
      try space.madvise(addr, length: length, advice: advice, leniently: leniently)
    case .mlock(let addr, let length, let onFault):
      try space.mlock(addr, length: length, onFault: onFault, leniently: leniently)
    case .munlock(let addr, let length):
      try space.munlock(addr, length: length, leniently: leniently)
    case .mlockall(let flags):
      try space.mlockall(flags, leniently: leniently)
    case .munlockall:
      space.munlockall()
    case .mseal(let addr, let length):
      try space.mseal(addr, length: length, leniently: leniently)
    case .mbind(let addr, let length, let policy):
      try space.mbind(addr, length: length, policy: policy, leniently: leniently)
    case .shmat(let addr, let length, let segment, let flags):
      try space.shmat(
        at: addr, length: length, segment: segment, readOnly: flags.contains(.readOnly),
        exec: flags.contains(.exec), replaces: flags.contains(.remap), leniently: leniently)
    case .shmdt(let addr):
      try space.shmdt(addr)
    case .setName(let addr, let length, let name):
      try space.setName(addr, length: length, name: name, leniently: leniently)
    case .remapFilePages(let addr, let size, _, let pageOffset, let isOnDisk):
      try space.remapFilePages(
        addr, length: size, pageOffset: pageOffset, isOnDisk: isOnDisk, leniently: leniently)
    }
  }
}

extension FileAccess {
  /// Whether a shared mapping may be written; nil if nobody knows.
  fileprivate var isWritable: Bool? {
    switch self {
    case .unknown: nil
    case .readOnly: false
    case .writeOnly, .readWrite: true
    }
  }
}
