/// One decoded system call that can change an address space, or that starts or ends one.
///
/// A trivial value: it can be copied, stored and passed without reference counting. Names, paths
/// and lists that vary in length are ids or positions in the side tables of its `TraceBatch`.
public struct SyscallEvent: Sendable, BitwiseCopyable {
  /// The 1-based line of the decompressed log on which the call completes; for `began`, the line
  /// of its first half.
  public var line: UInt64
  /// When the call started; `.none` in a log without times.
  public var time: Timestamp
  /// How long the call took; `.none` in a log without `-T`.
  public var duration: Duration
  public var pid: PID
  /// Which file of a trace of several files, counted from 0; `line` counts within it.
  public var source: UInt32
  public var result: SyscallResult
  public var call: Call
  public var name: SyscallName

  public init(
    line: UInt64, time: Timestamp, duration: Duration, pid: PID, source: UInt32,
    name: SyscallName, result: SyscallResult, call: Call
  ) {
    self.line = line
    self.time = time
    self.duration = duration
    self.pid = pid
    self.source = source
    self.name = name
    self.result = result
    self.call = call
  }

  /// A point in time as the log counts it (since 1970, since midnight, or since its first line).
  public struct Timestamp: Hashable, Comparable, Sendable, BitwiseCopyable {
    public var nanoseconds: Int64
    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    public static let none = Timestamp(nanoseconds: .min)
    @inlinable public static func < (a: Timestamp, b: Timestamp) -> Bool {
      a.nanoseconds < b.nanoseconds
    }
  }

  /// The time a call took, from `-T`.
  public struct Duration: Hashable, Sendable, BitwiseCopyable {
    public var nanoseconds: Int64
    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    public static let none = Duration(nanoseconds: -1)
  }
}

/// How a call ended, as the log shows it.
public struct SyscallResult: Hashable, Sendable, BitwiseCopyable {
  public enum Outcome: UInt8, Sendable, BitwiseCopyable {
    /// `value` is what the call returned.
    case returned
    /// The call failed with `errno`.
    case failed
    /// `= ?`: the log does not know; `errno` may say which restart code stood there.
    case unknown
    /// The log never shows the end of the call.
    case unfinished
  }

  public var outcome: Outcome
  /// The result was put there by strace: the call did not happen in the kernel.
  public var isInjected: Bool
  /// The number of the error; 0 for none. Kept raw because logs hold numbers without a name too.
  public var errno: Int32
  /// The returned value, as 64 bits; negative numbers in two's complement.
  public var value: UInt64

  @inlinable
  public init(outcome: Outcome, value: UInt64 = 0, errno: Int32 = 0, isInjected: Bool = false) {
    self.outcome = outcome
    self.value = value
    self.errno = errno
    self.isInjected = isInjected
  }

  @inlinable
  public static func returned(_ value: UInt64) -> SyscallResult {
    SyscallResult(outcome: .returned, value: value)
  }

  @inlinable
  public static func failed(_ errno: Int32) -> SyscallResult {
    SyscallResult(outcome: .failed, value: .max, errno: errno)
  }

  public static let unfinished = SyscallResult(outcome: .unfinished)

  /// The call returned and took effect in the kernel.
  @inlinable
  public var succeeded: Bool { outcome == .returned && !isInjected }
}

/// The name of a call, as the log prints it.
public enum SyscallName: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  case mmap, mmap2, oldMmap, munmap, mprotect, pkeyMprotect, brk, mremap, remapFilePages
  case madvise, processMadvise, mlock, mlock2, munlock, mlockall, munlockall, mseal
  case shmget, shmat, shmdt, clone, clone3, fork, vfork, execve, execveat, exit, exitGroup
  case prctl, prlimit64, setrlimit, mbind

  public var text: StaticString {
    switch self {
    case .mmap: "mmap"
    case .mmap2: "mmap2"
    case .oldMmap: "old_mmap"
    case .munmap: "munmap"
    case .mprotect: "mprotect"
    case .pkeyMprotect: "pkey_mprotect"
    case .brk: "brk"
    case .mremap: "mremap"
    case .remapFilePages: "remap_file_pages"
    case .madvise: "madvise"
    case .processMadvise: "process_madvise"
    case .mlock: "mlock"
    case .mlock2: "mlock2"
    case .munlock: "munlock"
    case .mlockall: "mlockall"
    case .munlockall: "munlockall"
    case .mseal: "mseal"
    case .shmget: "shmget"
    case .shmat: "shmat"
    case .shmdt: "shmdt"
    case .clone: "clone"
    case .clone3: "clone3"
    case .fork: "fork"
    case .vfork: "vfork"
    case .execve: "execve"
    case .execveat: "execveat"
    case .exit: "exit"
    case .exitGroup: "exit_group"
    case .prctl: "prctl"
    case .prlimit64: "prlimit64"
    case .setrlimit: "setrlimit"
    case .mbind: "mbind"
    }
  }
}
