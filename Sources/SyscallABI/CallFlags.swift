/// The `flags` word of mremap.
public struct RemapFlags: FlagWord {
  public var rawValue: UInt64
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let mayMove = RemapFlags(rawValue: 1)
  public static let fixed = RemapFlags(rawValue: 2)
  public static let dontUnmap = RemapFlags(rawValue: 4)

  public static var bitNames: [(name: StaticString, bit: UInt64)] {
    [("MREMAP_MAYMOVE", 1), ("MREMAP_FIXED", 2), ("MREMAP_DONTUNMAP", 4)]
  }
}

/// The `flags` word of mlock2.
public struct LockFlags: FlagWord {
  public var rawValue: UInt64
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let onFault = LockFlags(rawValue: 1)

  public static var bitNames: [(name: StaticString, bit: UInt64)] { [("MLOCK_ONFAULT", 1)] }
}

/// The `flags` word of mlockall.
public struct LockAllFlags: FlagWord {
  public var rawValue: UInt64
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let current = LockAllFlags(rawValue: 1)
  public static let future = LockAllFlags(rawValue: 2)
  public static let onFault = LockAllFlags(rawValue: 4)

  public static var bitNames: [(name: StaticString, bit: UInt64)] {
    [("MCL_CURRENT", 1), ("MCL_FUTURE", 2), ("MCL_ONFAULT", 4)]
  }
}

/// The `shmflg` word of shmat.
public struct AttachFlags: FlagWord {
  public var rawValue: UInt64
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let readOnly = AttachFlags(rawValue: 0o10000)
  public static let round = AttachFlags(rawValue: 0o20000)
  public static let remap = AttachFlags(rawValue: 0o40000)
  public static let exec = AttachFlags(rawValue: 0o100000)

  public static var bitNames: [(name: StaticString, bit: UInt64)] {
    [
      ("SHM_RDONLY", 0o10000), ("SHM_RND", 0o20000), ("SHM_REMAP", 0o40000),
      ("SHM_EXEC", 0o100000),
    ]
  }
}

/// The `flags` word of mbind, with the mode's own flag bits.
public struct BindFlags: FlagWord {
  public var rawValue: UInt64
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static var bitNames: [(name: StaticString, bit: UInt64)] {
    [("MPOL_MF_STRICT", 1), ("MPOL_MF_MOVE", 2), ("MPOL_MF_MOVE_ALL", 4)]
  }
}

/// The `flags` word of clone and clone3; the low byte is the signal sent at the child's exit.
public struct CloneFlags: FlagWord {
  public var rawValue: UInt64
  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let vm = CloneFlags(rawValue: 0x100)
  public static let files = CloneFlags(rawValue: 0x400)
  public static let vfork = CloneFlags(rawValue: 0x4000)
  public static let thread = CloneFlags(rawValue: 0x1_0000)

  /// The number of the exit signal; 0 for none.
  @inlinable
  public var exitSignal: UInt64 { rawValue & 0xff }

  /// The names of clone3's flags, which have CLONE_NEWTIME where clone has the signal.
  public var namesInClone3: [String] {
    guard exitSignal == 0x80 else { return names }
    return CloneFlags(rawValue: rawValue & ~0xff).names + ["CLONE_NEWTIME"]
  }

  public static var fieldMask: UInt64 { 0xff }
  public static var fieldNames: [(name: StaticString, value: UInt64)] {
    SignalName.table.map { ($0.name, UInt64($0.number)) }
  }

  public static var bitNames: [(name: StaticString, bit: UInt64)] {
    [
      ("CLONE_VM", 0x100), ("CLONE_FS", 0x200), ("CLONE_FILES", 0x400),
      ("CLONE_SIGHAND", 0x800), ("CLONE_PIDFD", 0x1000), ("CLONE_PTRACE", 0x2000),
      ("CLONE_VFORK", 0x4000), ("CLONE_PARENT", 0x8000), ("CLONE_THREAD", 0x1_0000),
      ("CLONE_NEWNS", 0x2_0000), ("CLONE_SYSVSEM", 0x4_0000), ("CLONE_SETTLS", 0x8_0000),
      ("CLONE_PARENT_SETTID", 0x10_0000), ("CLONE_CHILD_CLEARTID", 0x20_0000),
      ("CLONE_DETACHED", 0x40_0000), ("CLONE_UNTRACED", 0x80_0000),
      ("CLONE_CHILD_SETTID", 0x100_0000), ("CLONE_NEWCGROUP", 0x200_0000),
      ("CLONE_NEWUTS", 0x400_0000), ("CLONE_NEWIPC", 0x800_0000),
      ("CLONE_NEWUSER", 0x1000_0000), ("CLONE_NEWPID", 0x2000_0000),
      ("CLONE_NEWNET", 0x4000_0000), ("CLONE_IO", 0x8000_0000),
      ("CLONE_CLEAR_SIGHAND", 0x1_0000_0000), ("CLONE_INTO_CGROUP", 0x2_0000_0000),
    ]
  }
}

/// The names of the signals of x86-64 Linux.
public enum SignalName {
  public static var table: [(name: StaticString, number: Int32)] {
    [
      ("SIGHUP", 1), ("SIGINT", 2), ("SIGQUIT", 3), ("SIGILL", 4), ("SIGTRAP", 5),
      ("SIGABRT", 6), ("SIGBUS", 7), ("SIGFPE", 8), ("SIGKILL", 9), ("SIGUSR1", 10),
      ("SIGSEGV", 11), ("SIGUSR2", 12), ("SIGPIPE", 13), ("SIGALRM", 14), ("SIGTERM", 15),
      ("SIGSTKFLT", 16), ("SIGCHLD", 17), ("SIGCONT", 18), ("SIGSTOP", 19), ("SIGTSTP", 20),
      ("SIGTTIN", 21), ("SIGTTOU", 22), ("SIGURG", 23), ("SIGXCPU", 24), ("SIGXFSZ", 25),
      ("SIGVTALRM", 26), ("SIGPROF", 27), ("SIGWINCH", 28), ("SIGIO", 29), ("SIGPWR", 30),
      ("SIGSYS", 31), ("SIGRTMIN", 32),
    ]
  }

  /// `SIGSEGV` for 11, `SIGRT_3` for 35; nil for what is no signal.
  public static func name(of number: Int32) -> String? {
    if number > 32 && number <= 64 { return "SIGRT_\(number - 32)" }
    return table.first { $0.number == number }.map { "\($0.name)" }
  }
}

/// The `advice` of madvise and process_madvise: one value, not a set.
public struct Advice: Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt32
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let normal = Advice(rawValue: 0)
  public static let random = Advice(rawValue: 1)
  public static let sequential = Advice(rawValue: 2)
  public static let willNeed = Advice(rawValue: 3)
  public static let dontNeed = Advice(rawValue: 4)
  public static let free = Advice(rawValue: 8)
  public static let remove = Advice(rawValue: 9)
  public static let dontFork = Advice(rawValue: 10)
  public static let doFork = Advice(rawValue: 11)
  public static let mergeable = Advice(rawValue: 12)
  public static let unmergeable = Advice(rawValue: 13)
  public static let hugePage = Advice(rawValue: 14)
  public static let noHugePage = Advice(rawValue: 15)
  public static let dontDump = Advice(rawValue: 16)
  public static let doDump = Advice(rawValue: 17)
  public static let wipeOnFork = Advice(rawValue: 18)
  public static let keepOnFork = Advice(rawValue: 19)
  public static let cold = Advice(rawValue: 20)
  public static let pageOut = Advice(rawValue: 21)
  public static let populateRead = Advice(rawValue: 22)
  public static let populateWrite = Advice(rawValue: 23)
  public static let dontNeedLocked = Advice(rawValue: 24)
  public static let collapse = Advice(rawValue: 25)
  public static let hwPoison = Advice(rawValue: 100)
  public static let softOffline = Advice(rawValue: 101)
  public static let guardInstall = Advice(rawValue: 102)
  public static let guardRemove = Advice(rawValue: 103)

  public static var table: [(name: StaticString, value: UInt32)] {
    [
      ("MADV_NORMAL", 0), ("MADV_RANDOM", 1), ("MADV_SEQUENTIAL", 2), ("MADV_WILLNEED", 3),
      ("MADV_DONTNEED", 4), ("MADV_FREE", 8), ("MADV_REMOVE", 9), ("MADV_DONTFORK", 10),
      ("MADV_DOFORK", 11), ("MADV_MERGEABLE", 12), ("MADV_UNMERGEABLE", 13),
      ("MADV_HUGEPAGE", 14), ("MADV_NOHUGEPAGE", 15), ("MADV_DONTDUMP", 16),
      ("MADV_DODUMP", 17), ("MADV_WIPEONFORK", 18), ("MADV_KEEPONFORK", 19),
      ("MADV_COLD", 20), ("MADV_PAGEOUT", 21), ("MADV_POPULATE_READ", 22),
      ("MADV_POPULATE_WRITE", 23), ("MADV_DONTNEED_LOCKED", 24), ("MADV_COLLAPSE", 25),
      ("MADV_HWPOISON", 100), ("MADV_SOFT_OFFLINE", 101), ("MADV_GUARD_INSTALL", 102),
      ("MADV_GUARD_REMOVE", 103),
    ]
  }

  /// `MADV_DONTNEED`, or a hex string for a value without a name.
  public var name: String {
    Self.table.first { $0.value == rawValue }.map { "\($0.name)" }
      ?? "0x" + String(rawValue, radix: 16)
  }
}

/// The `resource` of prlimit64 and setrlimit.
public struct ResourceLimit: Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt32
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let data = ResourceLimit(rawValue: 2)
  public static let stack = ResourceLimit(rawValue: 3)
  public static let memLock = ResourceLimit(rawValue: 8)
  public static let addressSpace = ResourceLimit(rawValue: 9)

  public static var table: [(name: StaticString, value: UInt32)] {
    [
      ("RLIMIT_CPU", 0), ("RLIMIT_FSIZE", 1), ("RLIMIT_DATA", 2), ("RLIMIT_STACK", 3),
      ("RLIMIT_CORE", 4), ("RLIMIT_RSS", 5), ("RLIMIT_NPROC", 6), ("RLIMIT_NOFILE", 7),
      ("RLIMIT_MEMLOCK", 8), ("RLIMIT_AS", 9), ("RLIMIT_LOCKS", 10),
      ("RLIMIT_SIGPENDING", 11), ("RLIMIT_MSGQUEUE", 12), ("RLIMIT_NICE", 13),
      ("RLIMIT_RTPRIO", 14), ("RLIMIT_RTTIME", 15),
    ]
  }

  /// `RLIMIT_STACK`, or a hex string for a value without a name.
  public var name: String {
    Self.table.first { $0.value == rawValue }.map { "\($0.name)" }
      ?? "0x" + String(rawValue, radix: 16)
  }

  /// RLIM_INFINITY.
  public static let infinity: UInt64 = .max
}
