public import SyscallABI

/// The value of one argument or result, as reports spell it.
public enum EventFieldValue {
  case null
  case address(UInt64)
  case unsigned(UInt64)
  case signed(Int64)
  case string(String)
  case bytes([UInt8])
  case flag(Bool)
  case words([String])
  case iovecs([IOVec])
  case limit(soft: UInt64, hard: UInt64)
}

/// Names the arguments of each call, once for every output format.
public struct EventFields {
  private let paths: PathTable

  public init(paths: PathTable) { self.paths = paths }

  /// Visits the arguments of a call in the order of its prototype, under its man page's names.
  public func forEachArgument(
    of event: SyscallEvent, in batch: TraceBatch,
    _ body: (_ key: StaticString, _ value: EventFieldValue) -> Void
  ) {
    switch event.call {
    case .mmap(let addr, let length, let prot, let flags, let fd, let file, let offset):
      range(addr, length, body)
      body("prot", .words(prot.names))
      body("flags", .words(flags.names))
      body("fd", .signed(Int64(fd)))
      body("path", path(file))
      body("deleted", .flag(paths.isDeleted(file)))
      body("offset", .unsigned(offset))
    case .munmap(let addr, let length), .munlock(let addr, let length),
      .mseal(let addr, let length):
      range(addr, length, body)
    case .mprotect(let addr, let length, let prot, let pkey):
      range(addr, length, body)
      body("prot", .words(prot.names))
      if event.name == .pkeyMprotect { body("pkey", .signed(Int64(pkey))) }
    case .brk(let addr):
      body("addr", .address(addr.rawValue))
    case .mremap(let oldAddress, let oldSize, let newSize, let flags, let newAddress):
      body("old_address", .address(oldAddress.rawValue))
      body("old_size", .unsigned(oldSize))
      body("new_size", .unsigned(newSize))
      body("flags", .words(flags.names))
      if let newAddress { body("new_address", .address(newAddress.rawValue)) }
    case .remapFilePages(let addr, let size, let prot, let pgoff, let flags):
      body("addr", .address(addr.rawValue))
      body("size", .unsigned(size))
      body("prot", .words(prot.names))
      body("pgoff", .unsigned(pgoff))
      body("flags", .words(flags.names))
    case .madvise(let addr, let length, let advice):
      range(addr, length, body)
      body("advice", .string(advice.name))
    case .processMadvise(let pidfd, let iovecs, let advice):
      body("pidfd", .signed(Int64(pidfd)))
      body("iovec", .iovecs(Array(batch.iovecs[iovecs.indices])))
      body("advice", .string(advice.name))
    case .mlock(let addr, let length, let flags):
      range(addr, length, body)
      if event.name == .mlock2 { body("flags", .words(flags.names)) }
    case .mlockall(let flags):
      body("flags", .words(flags.names))
    case .mbind(let addr, let length, let mode, let nodes, let flags):
      range(addr, length, body)
      body("mode", .unsigned(UInt64(mode)))
      body("nodemask", .unsigned(nodes))
      body("flags", .words(flags.names))
    case .shmget(let size, _):
      body("size", .unsigned(size))
    case .shmat(let shmid, let addr, let flags):
      body("shmid", .signed(Int64(shmid)))
      body("shmaddr", .address(addr.rawValue))
      body("shmflg", .words(flags.names))
    case .shmdt(let addr):
      body("shmaddr", .address(addr.rawValue))
    case .clone(let flags, let childStack):
      body("flags", .words(flags.names))
      body("child_stack", .address(childStack.rawValue))
    case .clone3(let flags, let stack, let stackSize):
      body("flags", .words(flags.namesInClone3))
      body("stack", .address(stack.rawValue))
      body("stack_size", .unsigned(stackSize))
    case .execve(let file):
      body("path", path(file))
    case .exit(let status):
      body("status", .signed(Int64(status)))
    case .setVMAName(let addr, let size, let name):
      body("option", .string("PR_SET_VMA"))
      body("addr", .address(addr.rawValue))
      body("size", .unsigned(size))
      body("name", name.map { .string(batch.strings[Int($0)]) } ?? .null)
    case .setLimit(_, let resource, let soft, let hard, let isNull):
      body("resource", .string(resource.name))
      body("new_limit", isNull ? .null : .limit(soft: soft, hard: hard))
    case .munlockall, .fork:
      break
    }
  }

  /// What the call returned: an address for the calls that return one, null for `?`.
  public func result(of event: SyscallEvent) -> EventFieldValue {
    switch event.result.outcome {
    case .unknown, .unfinished: .null
    case .failed: .signed(-1)
    case .returned:
      switch event.name {
      case .mmap, .mmap2, .oldMmap, .brk, .mremap, .shmat: .address(event.result.value)
      default: .signed(Int64(bitPattern: event.result.value))
      }
    }
  }

  private func range(
    _ addr: Address, _ length: UInt64, _ body: (StaticString, EventFieldValue) -> Void
  ) {
    body("addr", .address(addr.rawValue))
    body("length", .unsigned(length))
  }

  private func path(_ file: FileID) -> EventFieldValue {
    file == .none ? .null : .bytes(paths.bytes(of: file))
  }
}
