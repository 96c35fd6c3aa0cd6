import AddressSpaces
import SyscallABI
import SystemPackage

/// One call of a random program: what the probe performs and the model is asked to do.
enum ProbeCall {
  case mmap(at: UInt64, length: UInt64, prot: UInt64, flags: UInt64, file: Int, offset: UInt64)
  case munmap(UInt64, UInt64)
  case mprotect(UInt64, UInt64, UInt64)
  case mremap(old: UInt64, oldSize: UInt64, newSize: UInt64, flags: UInt64, new: UInt64)
  case madvise(UInt64, UInt64, UInt32)
  case mlock2(UInt64, UInt64, UInt64)
  case munlock(UInt64, UInt64)
  case mlockall(UInt64)
  case munlockall
  /// The policy is a row of `ProbeCall.policies`.
  case mbind(UInt64, UInt64, Int)
  case mseal(UInt64, UInt64)
  case remapFilePages(UInt64, UInt64, UInt64)
  case shmat(UInt64, UInt64, UInt64)
  case shmdt(UInt64)
  /// Relative to the first break.
  case brk(UInt64)
  case touch(UInt64, UInt64)
  case touchHeap(UInt64, UInt64)
  case fork

  /// Mode and nodes of each policy; the first is MPOL_DEFAULT.
  static let policies: [(mode: UInt64, nodes: UInt64)] = [(0, 0), (2, 1), (1, 1), (3, 1)]

  /// The line that the probe reads.
  var line: String {
    func words(_ name: String, _ values: UInt64...) -> String {
      ([name] + values.map { String($0, radix: 16) }).joined(separator: " ")
    }
    switch self {
    case .mmap(let at, let length, let prot, let flags, let file, let offset):
      return words("mmap", at, length, prot, flags, UInt64(file), offset)
    case .munmap(let at, let length): return words("munmap", at, length)
    case .mprotect(let at, let length, let prot): return words("mprotect", at, length, prot)
    case .mremap(let old, let oldSize, let newSize, let flags, let new):
      return words("mremap", old, oldSize, newSize, flags, new)
    case .madvise(let at, let length, let advice):
      return words("madvise", at, length, UInt64(advice))
    case .mlock2(let at, let length, let flags): return words("mlock2", at, length, flags)
    case .munlock(let at, let length): return words("munlock", at, length)
    case .mlockall(let flags): return words("mlockall", flags)
    case .munlockall: return "munlockall"
    case .mbind(let at, let length, let policy):
      return words(
        "mbind", at, length, Self.policies[policy].mode, Self.policies[policy].nodes)
    case .mseal(let at, let length): return words("mseal", at, length)
    case .remapFilePages(let at, let length, let page):
      return words("remap_file_pages", at, length, page)
    case .shmat(let at, let length, let flags): return words("shmat", at, length, flags)
    case .shmdt(let at): return words("shmdt", at)
    case .brk(let distance): return words("brk", distance)
    case .touch(let at, let length): return words("touch", at, length)
    case .touchHeap(let distance, let length): return words("touchheap", distance, length)
    case .fork: return "fork"
    }
  }
}

/// The model of the probe's window, and what it needs to apply a call.
struct ProbeModel: ~Copyable {
  typealias Space = AddressSpace<RedBlackTreeIndex>
  var space: Space
  let firstBreak: UInt64
  private var nextFile: UInt32 = 100

  init(firstBreak: UInt64, profile: KernelProfile = .linux6) {
    space = Space(profile: profile)
    space.limits.hasProtectionKeys = RunningKernel.hasProtectionKeys
    self.firstBreak = firstBreak
    space.setHeap(start: Address(firstBreak), end: Address(firstBreak))
  }

  /// The descriptions behind the probe's descriptors: 3 is a duplicate of 0, 2 is read-only.
  private static let descriptions: [FileDescriptionID] = [
    FileDescriptionID(1), FileDescriptionID(2), FileDescriptionID(3), FileDescriptionID(1),
  ]

  private mutating func freshFile() -> FileDescriptionID {
    nextFile += 1
    return FileDescriptionID(nextFile)
  }

  private func isInWindow(_ address: UInt64) -> Bool {
    address >= ProbeProgram.window && address < ProbeProgram.window + (1 << 30)
  }

  /// Applies a call, strictly; returns the errno that the model gives it.
  ///
  /// - Parameter result: what the kernel returned, all bits set for an error.
  mutating func apply(_ call: ProbeCall, result: UInt64) -> Errno? {
    do throws(Errno) {
      try perform(call, result: result)
      return nil
    } catch {
      return error
    }
  }

  private mutating func perform(_ call: ProbeCall, result: UInt64) throws(Errno) {
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
      try space.remapFilePages(Address(at), length: length, pageOffset: PageOffset(page))
    case .shmat(let at, let length, let flags):
      let attach = AttachFlags(rawValue: flags)
      if !attach.contains(.remap) && space.isMapped(anyOf: window(at, length)) {
        throw .invalidArgument
      }
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

  private func window(_ at: UInt64, _ length: UInt64) -> AddressRange {
    AddressRange(Address(at), Address(at) &+ (Page.align(length) ?? 0))
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
  func lines() -> [String] {
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
