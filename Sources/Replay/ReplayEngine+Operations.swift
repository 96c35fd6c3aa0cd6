import AddressSpaces
import SyscallABI

// From an event to an operation of the model: names and numbers of the log become ids.

extension ReplayEngine where Index: ~Copyable {
  /// What the call asks of the model; nil for calls that do not concern it.
  mutating func operation(
    for event: SyscallEvent, process: Int, in batch: TraceBatch
  ) -> MapOperation? {
    switch event.call {
    case .mmap(let addr, let length, let prot, let flags, let number, let path, let offset):
      mmapOperation(event, addr, length, prot, flags, path, number, offset, process: process)
    case .munmap(let addr, let length):
      .munmap(addr: addr, length: length)
    case .mprotect(let addr, let length, let prot, let pkey):
      .mprotect(addr: addr, length: length, prot: prot, pkey: pkey)
    case .mremap(let oldAddress, let oldSize, let newSize, let flags, let newAddress):
      .mremap(
        addr: oldAddress, oldSize: oldSize, newSize: newSize, flags: flags,
        newAddress: newAddress,
        result: event.result.succeeded ? Address(event.result.value) : oldAddress)
    case .madvise(let addr, let length, let advice):
      .madvise(addr: addr, length: length, advice: advice)
    case .mlock(let addr, let length, let flags):
      .mlock(addr: addr, length: length, onFault: flags.contains(.onFault))
    case .munlock(let addr, let length):
      .munlock(addr: addr, length: length)
    case .mlockall(let flags):
      .mlockall(flags)
    case .munlockall:
      .munlockall
    case .mseal(let addr, let length):
      .mseal(addr: addr, length: length)
    case .mbind(let addr, let length, let mode, let nodes, _):
      .mbind(addr: addr, length: length, policy: policy(mode: mode, nodes: nodes))
    case .shmat(let shmid, let addr, let flags):
      shmatOperation(event, shmid, addr, flags)
    case .shmdt(let addr):
      .shmdt(addr: addr)
    case .setVMAName(let addr, let size, let name):
      .setName(addr: addr, length: size, name: nameID(name.map { batch.strings[Int($0)] }))
    case .remapFilePages(let addr, let size, let prot, let pgoff, _):
      .remapFilePages(
        addr: addr, size: size, prot: prot, pageOffset: PageOffset(pgoff),
        isOnDisk: isOnDisk(addr, process: process))
    case .shmget(let size, let key):
      noteSegment(event, SharedSegment(size: size, key: key))
    case .setLimit(let target, let resource, let soft, _, let isNull):
      noteLimit(event, target, resource, soft, isNull, process: process)
    case .brk, .processMadvise, .clone, .clone3, .fork, .execve, .exit:
      nil
    }
  }

  private mutating func mmapOperation(
    _ event: SyscallEvent, _ addr: Address, _ length: UInt64, _ prot: Protection,
    _ flags: MapFlags, _ path: FileID, _ number: Int32, _ offset: UInt64, process: Int
  ) -> MapOperation {
    let start = event.result.succeeded ? Address(event.result.value) : addr
    if path != .none { namesDescriptors = true }
    if path == .none && event.result.outcome == .failed && !flags.contains(.anonymous)
      && (number < 0 || namesDescriptors)
    {
      return .badDescriptor(offset: offset)
    }
    let (end, overflow) = start.rawValue.addingReportingOverflow(length)
    guard length > 0, !overflow, end <= UInt64.max - Page.mask else {
      return .impossibleMmap(addr: addr, length: length, prot: prot, flags: flags, offset: offset)
    }
    let open =
      flags.contains(.anonymous) ? nil : openDescriptor(number, path: path, process: process)
    return .mmap(
      range: AddressRange(start, Address(end)), prot: prot, flags: flags,
      file: event.result.succeeded
        ? description(flags: flags, path: path, number: number, open: open) : .none,
      access: open?.access ?? .unknown, offset: offset)
  }

  /// Whether the file that is mapped at an address is one that is written back.
  private func isOnDisk(_ address: Address, process: Int) -> Bool {
    if options.profile.follows(.nonLinearIsEmulated) { return true }
    let file = spaces.read(processes[process].space) { $0.vmaContaining(address)?.file }
    return file.flatMap { files[$0] }.map { paths.isOnDisk($0.name) } ?? true
  }

  private mutating func description(
    flags: MapFlags, path: FileID, number: Int32, open: OpenDescriptor?
  ) -> FileDescriptionID {
    guard flags.contains(.anonymous) else {
      if let open { return files.description(forOpen: open.open, path: path) }
      return files.description(forPath: path, number: number)
    }
    guard flags.isShared else { return .none }
    return files.uniqueDescription(name: paths.intern("/dev/zero", isDeleted: true))
  }

  private mutating func shmatOperation(
    _ event: SyscallEvent, _ shmid: Int32, _ addr: Address, _ flags: AttachFlags
  ) -> MapOperation? {
    if event.result.outcome == .failed {
      guard let segment = segments[shmid] else { return .untold }
      return .shmat(addr: addr, length: segment.size, segment: .none, flags: flags)
    }
    // A segment made before the log began has a size that the log does not know: at least a page.
    let segment = segments[shmid] ?? SharedSegment(size: Page.size, key: 0)
    let name = paths.intern(segment.name, isDeleted: true)
    return .shmat(
      addr: Address(event.result.value), length: max(segment.size, 1),
      segment: files.uniqueDescription(name: name, segment: shmid), flags: flags)
  }

  private mutating func noteSegment(
    _ event: SyscallEvent, _ segment: SharedSegment
  ) -> MapOperation? {
    if event.result.succeeded, let shmid = Int32(exactly: event.result.value) {
      // One that exists already may be asked for with a smaller size.
      let known = segments[shmid].flatMap { $0.key == segment.key ? $0.size : nil } ?? 0
      segments[shmid] = SharedSegment(size: max(segment.size, known), key: segment.key)
    }
    return nil
  }

  private mutating func noteLimit(
    _ event: SyscallEvent, _ target: PID, _ resource: ResourceLimit, _ soft: UInt64,
    _ isNull: Bool, process: Int
  ) -> MapOperation? {
    guard event.result.succeeded, !isNull else { return nil }
    var affected = process
    if target != .none && target.rawValue != 0 {
      guard let slot = tasks.find(target), !tasks[slot].isDead else { return nil }
      affected = tasks[slot].process
    }
    switch resource {
    case .stack: processes[affected].summary.limits.stack = soft
    case .addressSpace: processes[affected].summary.limits.addressSpace = soft
    case .data: processes[affected].summary.limits.data = soft
    case .memLock: processes[affected].summary.limits.memLock = soft
    default: return nil
    }
    if options.keepsLimits { return nil }
    spaces.modify(processes[affected].space) { space in
      switch resource {
      case .stack: space.limits.stack = soft
      case .addressSpace: space.limits.addressSpace = soft
      case .data: space.limits.data = soft
      case .memLock: if options.limitsLockedMemory { space.limits.memLock = soft }
      default: break
      }
    }
    return nil
  }

  private mutating func policy(mode: UInt32, nodes: UInt64) -> PolicyID {
    if mode & 0xff == 0 { return .default }
    let key = NodePolicy(mode: mode, nodes: nodes)
    if let id = policies[key] { return id }
    let id = PolicyID(UInt32(policies.count + 1))
    policies[key] = id
    return id
  }

  /// A VMA's name is the interned text that maps shows for it.
  private func nameID(_ name: String?) -> NameID {
    guard let name else { return .none }
    return NameID(paths.intern("[anon:\(name)]").rawValue)
  }
}

/// A SysV segment as shmget knows it.
struct SharedSegment: BitwiseCopyable {
  /// In bytes.
  var size: UInt64
  var key: UInt32

  /// What maps calls it.
  var name: String {
    let digits = String(key, radix: 16)
    return "/SYSV" + String(repeating: "0", count: 8 - digits.count) + digits
  }
}

/// A NUMA policy as mbind spells it.
struct NodePolicy: Hashable {
  var mode: UInt32
  var nodes: UInt64
}
