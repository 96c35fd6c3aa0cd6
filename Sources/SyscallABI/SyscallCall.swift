extension SyscallEvent {
  /// The arguments of a call, one case for each family of calls.
  ///
  /// Switch over it without `default`: a new call must be looked at everywhere.
  public enum Call: Sendable, BitwiseCopyable {
    /// mmap, mmap2, old_mmap. `offset` in bytes; `fd` -1 for none.
    case mmap(
      addr: Address, length: UInt64, prot: Protection, flags: MapFlags, fd: Int32, file: FileID,
      offset: UInt64)
    case munmap(addr: Address, length: UInt64)
    /// mprotect, pkey_mprotect; `pkey` -1 for none.
    case mprotect(addr: Address, length: UInt64, prot: Protection, pkey: Int32)
    case brk(addr: Address)
    /// `newAddress` is there only with MREMAP_FIXED or MREMAP_DONTUNMAP, if printed.
    case mremap(
      oldAddress: Address, oldSize: UInt64, newSize: UInt64, flags: RemapFlags,
      newAddress: Address?)
    case remapFilePages(
      addr: Address, size: UInt64, prot: Protection, pgoff: UInt64, flags: MapFlags)
    case madvise(addr: Address, length: UInt64, advice: Advice)
    /// `iovecs`: positions in `TraceBatch.iovecs`.
    case processMadvise(pidfd: Int32, iovecs: SideTableRange, advice: Advice)
    /// mlock, mlock2.
    case mlock(addr: Address, length: UInt64, flags: LockFlags)
    case munlock(addr: Address, length: UInt64)
    case mlockall(flags: LockAllFlags)
    case munlockall
    case mseal(addr: Address, length: UInt64)
    case mbind(addr: Address, length: UInt64, mode: UInt32, nodes: UInt64, flags: BindFlags)
    /// `size` in bytes: what a later shmat of the result maps.
    /// `key` 0 is IPC_PRIVATE.
    case shmget(size: UInt64, key: UInt32)
    case shmat(shmid: Int32, addr: Address, flags: AttachFlags)
    case shmdt(addr: Address)
    case clone(flags: CloneFlags, childStack: Address)
    case clone3(flags: CloneFlags, stack: Address, stackSize: UInt64)
    /// fork, vfork.
    case fork
    /// execve, execveat; `.none` where the log lost its beginning.
    case execve(path: FileID)
    /// exit, exit_group.
    case exit(status: Int32)
    /// prctl(PR_SET_VMA); `name` is a position in `TraceBatch.strings`, nil for NULL.
    case setVMAName(addr: Address, size: UInt64, name: UInt32?)
    /// prlimit64, setrlimit; `limits` is nil for NULL. `target` 0 is the caller itself.
    case setLimit(target: PID, resource: ResourceLimit, soft: UInt64, hard: UInt64, isNull: Bool)
  }
}

/// A run of entries in a side table of a `TraceBatch`.
public struct SideTableRange: Hashable, Sendable, BitwiseCopyable {
  public var start: UInt32
  public var count: UInt32

  @inlinable
  public init(start: UInt32, count: UInt32) {
    self.start = start
    self.count = count
  }

  @inlinable
  public var indices: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

/// One entry of process_madvise's vector.
public struct IOVec: Hashable, Sendable, BitwiseCopyable {
  public var base: Address
  /// In bytes.
  public var length: UInt64

  @inlinable
  public init(base: Address, length: UInt64) {
    self.base = base
    self.length = length
  }
}
