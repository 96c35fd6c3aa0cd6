public import AddressSpaces
internal import SyscallABI
public import SystemPackage

/// The model of a process that performs a random program: its window and its heap.
public struct ModelledProcess<Index: VMAIndex & ~Copyable>: ~Copyable {
  public var space: AddressSpace<Index>
  public let firstBreak: UInt64
  private var nextFile: UInt32 = 100

  public init(firstBreak: UInt64, profile: KernelProfile = .linux6) {
    space = AddressSpace(profile: profile)
    self.firstBreak = firstBreak
    space.setHeap(start: Address(firstBreak), end: Address(firstBreak))
  }

  /// The descriptions behind the probe's descriptors: 3 is a duplicate of 0, 2 is read-only.
  private static var descriptions: [FileDescriptionID] {
    [FileDescriptionID(1), FileDescriptionID(2), FileDescriptionID(3), FileDescriptionID(1)]
  }

  private mutating func freshFile() -> FileDescriptionID {
    nextFile += 1
    return FileDescriptionID(nextFile)
  }

  private func isInWindow(_ address: UInt64) -> Bool {
    address >= RandomProgram.window && address < RandomProgram.window + (1 << 30)
  }

  /// Applies a call, strictly; returns the errno that the model gives it.
  ///
  /// - Parameter result: what the kernel returned, all bits set for an error.
  public mutating func apply(_ call: RandomCall, result: UInt64) -> Errno? {
    do throws(Errno) {
      try perform(call, result: result)
      return nil
    } catch {
      return error
    }
  }

  private mutating func perform(_ call: RandomCall, result: UInt64) throws(Errno) {
    let failed = result == .max
    switch call {
    case .mmap(let at, let length, let prot, let flags, let file, let offset):
      if !failed && !isInWindow(result) { return }
      let mapFlags = MapFlags(rawValue: flags)
      let isAnonymous = mapFlags.contains(.anonymous)
      let description =
        !isAnonymous ? Self.descriptions[file] : mapFlags.isShared ? freshFile() : .none
      try space.mmap(
        at: Address(failed ? at : result), length: length, prot: Protection(rawValue: prot),
        flags: mapFlags, file: description, fileIsWritable: isAnonymous ? nil : file != 2,
        offset: offset)
    case .munmap(let at, let length): try space.munmap(Address(at), length: length)
    case .mprotect(let at, let length, let prot):
      try space.mprotect(Address(at), length: length, prot: Protection(rawValue: prot))
    case .mremap(let old, let oldSize, let newSize, let flags, let new):
      try space.mremap(
        Address(old), oldSize: oldSize, newSize: newSize, flags: RemapFlags(rawValue: flags),
        newAddress: Address(new), result: Address(failed ? old : result))
      if !failed && !isInWindow(result) { try space.munmap(Address(result), length: newSize) }
    case .madvise(let at, let length, let advice):
      try space.madvise(Address(at), length: length, advice: Advice(rawValue: advice))
    case .mlock2(let at, let length, let flags):
      try space.mlock(Address(at), length: length, onFault: flags & 1 != 0)
    case .munlock(let at, let length): try space.munlock(Address(at), length: length)
    case .mlockall(let flags): try space.mlockall(LockAllFlags(rawValue: flags))
    case .munlockall: space.munlockall()
    case .mbind(let at, let length, let policy):
      try space.mbind(Address(at), length: length, policy: PolicyID(UInt32(policy)))
    case .mseal(let at, let length): try space.mseal(Address(at), length: length)
    case .remapFilePages(let at, let length, let page):
      try space.remapFilePages(
        Address(at), length: length, pageOffset: PageOffset(page), isOnDisk: page % 2 == 0)
    case .shmat(let at, let length, let flags):
      let attach = AttachFlags(rawValue: flags)
      try space.shmat(
        at: Address(at), length: length, segment: freshFile(),
        readOnly: attach.contains(.readOnly), replaces: attach.contains(.remap))
    case .shmdt(let at): try space.shmdt(Address(at))
    case .brk(let distance): space.brk(Address(firstBreak + distance))
    case .touch(let at, let length): touch(at, length)
    case .touchHeap(let distance, let length): touch(firstBreak + distance, length)
    case .fork: space = space.fork()
    }
  }

  /// The errno that the model foretells for a call, without making it; nil in nil where it does
  /// not say.
  public func predict(_ call: RandomCall) -> Errno?? {
    switch call {
    case .mmap(let at, let length, let prot, let flags, let file, let offset):
      let mapFlags = MapFlags(rawValue: flags)
      let isAnonymous = mapFlags.contains(.anonymous)
      return .some(
        space.predictMmap(
          at: Address(at), length: length, prot: Protection(rawValue: prot), flags: mapFlags,
          hasFile: !isAnonymous, fileIsWritable: isAnonymous ? nil : file != 2, offset: offset))
    case .munmap(let at, let length):
      return .some(space.predictMunmap(Address(at), length: length))
    case .mprotect(let at, let length, let prot):
      return .some(
        space.predictMprotect(Address(at), length: length, prot: Protection(rawValue: prot)))
    case .mremap(let old, let oldSize, let newSize, let flags, let new):
      // With MREMAP_DONTUNMAP alone the new address is a hint, which logs do not show.
      if flags & 6 == 4 { return nil }
      return .some(
        space.predictMremap(
          Address(old), oldSize: oldSize, newSize: newSize, flags: RemapFlags(rawValue: flags),
          newAddress: Address(new)))
    case .madvise(let at, let length, let advice):
      return .some(
        space.predictMadvise(Address(at), length: length, advice: Advice(rawValue: advice)))
    case .mlock2(let at, let length, let flags):
      return .some(
        space.predictMlock(Address(at), length: length, onFault: flags & 1 != 0))
    case .munlock(let at, let length):
      return .some(space.predictMunlock(Address(at), length: length))
    case .mbind(let at, let length, let policy):
      return .some(
        space.predictMbind(Address(at), length: length, policy: PolicyID(UInt32(policy))))
    case .mseal(let at, let length):
      return .some(space.predictMseal(Address(at), length: length))
    case .shmdt(let at): return .some(space.predictShmdt(Address(at)))
    case .mlockall(let flags):
      return .some(space.predictMlockall(LockAllFlags(rawValue: flags)))
    case .remapFilePages(let at, let length, let page):
      return .some(
        space.predictRemapFilePages(
          Address(at), length: length, pageOffset: PageOffset(page), isOnDisk: page % 2 == 0))
    case .shmat(let at, let length, let flags):
      return .some(
        space.predictShmat(Address(at), length: length, flags: AttachFlags(rawValue: flags)))
    case .munlockall, .brk, .touch, .touchHeap, .fork:
      return nil
    }
  }

  /// The probe writes page by page and stops at the first that it cannot write.
  private mutating func touch(_ start: UInt64, _ length: UInt64) {
    var page = start
    while page < start + length {
      guard let vma = space.vmaContaining(Address(page)), vma.flags.contains(.write) else { return }
      space.writeFault(in: AddressRange(Address(page), Address(page + Page.size)))
      page += Page.size
    }
  }

  /// The VMAs in the form in which the probe prints them.
  public func lines() -> [String] {
    var lines: [String] = []
    space.forEachVMA { vma in
      var codes: [String] = []
      for (code, flag) in VMAFlags.smapsCodes where vma.flags.contains(flag) {
        codes.append("\(code)")
      }
      let perms =
        (vma.flags.contains(.read) ? "r" : "-") + (vma.flags.contains(.write) ? "w" : "-")
        + (vma.flags.contains(.exec) ? "x" : "-") + (vma.flags.contains(.mayShare) ? "s" : "p")
      let start = String(vma.range.start.rawValue, radix: 16)
      let end = String(vma.range.end.rawValue, radix: 16)
      let offset = String(vma.shownOffset, radix: 16)
      lines.append("\(start) \(end) \(perms) \(offset) \(codes.sorted().joined(separator: " "))")
    }
    return lines
  }
}
