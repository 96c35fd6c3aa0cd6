/// A call that says which open file is behind a descriptor: open, openat, creat, dup, dup2, dup3,
/// fcntl, close. None of them changes an address space; they tell later mappings apart.
public struct DescriptorEvent: Sendable, BitwiseCopyable {
  public enum Change: Hashable, Sendable, BitwiseCopyable {
    /// A new open file description. `path`: `PathFingerprint` of the name that `-y` prints, 0 if it
    /// prints none.
    case opened(fd: Int32, path: UInt64, access: FileAccess, closesOnExec: Bool)
    /// `to` is `from` from now on.
    case duplicated(from: Int32, to: Int32, closesOnExec: Bool)
    /// FD_CLOEXEC is set or cleared.
    case marked(fd: Int32, closesOnExec: Bool)
    case closed(fd: Int32)
  }

  public var line: UInt64
  public var source: UInt32
  public var time: SyscallEvent.Timestamp
  public var pid: PID
  public var change: Change

  public init(
    line: UInt64, source: UInt32, time: SyscallEvent.Timestamp, pid: PID, change: Change
  ) {
    self.line = line
    self.source = source
    self.time = time
    self.pid = pid
    self.change = change
  }
}

/// How a file was opened.
public enum FileAccess: UInt8, Hashable, Sendable, BitwiseCopyable {
  case unknown
  case readOnly
  case writeOnly
  case readWrite
}

/// A number for a path, so that the paths of files that are never mapped need not be kept.
public enum PathFingerprint {
  /// FNV-1a; never 0.
  public static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return hash == 0 ? 1 : hash
  }
}
