import SyscallABI

/// What the kernel allows a process: refusals that do not depend on its VMAs alone.
///
/// The defaults refuse nothing but too many VMAs.
public struct AddressSpaceLimits: Hashable, Sendable {
  /// `vm.max_map_count`.
  public var maxMapCount = 65_530
  /// RLIMIT_AS, in bytes.
  public var addressSpace = ResourceLimit.infinity
  /// RLIMIT_DATA, in bytes.
  public var data = ResourceLimit.infinity
  /// RLIMIT_MEMLOCK, in bytes; ignored for a process with CAP_IPC_LOCK, whose limit is infinite.
  public var memLock = ResourceLimit.infinity
  /// RLIMIT_STACK, in bytes.
  public var stack: UInt64 = 8 << 20
  /// `vm.overcommit_memory`.
  public var overcommit = Overcommit.heuristic

  /// What the heuristic compares one request with: free memory, page cache and swap, in bytes.
  public var availableMemory = ResourceLimit.infinity
  /// `CommitLimit` of `/proc/meminfo`, in bytes; asked with `Overcommit.never` only.
  public var commitLimit = ResourceLimit.infinity
  /// What all other processes have charged, in bytes.
  public var committedElsewhere: UInt64 = 0

  /// The processor has protection keys: memory that may only be executed cannot be read.
  public var hasProtectionKeys = true

  public enum Overcommit: UInt8, Sendable, BitwiseCopyable {
    case heuristic
    case always
    case never
  }

  public init() {}
}
