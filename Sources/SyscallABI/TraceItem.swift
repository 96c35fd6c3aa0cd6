/// One thing that a trace says, in the order in which the log completes it.
public enum TraceItem: Sendable, BitwiseCopyable {
  /// The first half of a call that the log shows in two; `completed` or an unfinished call follows.
  case began(SyscallEvent)
  /// A call with its result; also a call that never ends (`SyscallResult.Outcome.unfinished`).
  case completed(SyscallEvent)
  case processEnded(ProcessEnd)
  /// A call on descriptors.
  case descriptor(DescriptorEvent)
  /// Position in `TraceBatch.snapshots`.
  case snapshot(Int)
  /// Position in `TraceBatch.hosts`.
  case host(Int)
  /// Position in `TraceBatch.malformed`: a line that could not be decoded.
  case malformed(Int)
}

/// The line of a log that says that a process is gone.
public struct ProcessEnd: Sendable, BitwiseCopyable {
  public enum Cause: Sendable, BitwiseCopyable {
    case exited(status: Int32)
    case killed(signal: Int32, core: Bool)
    /// Another thread of the group called execve and goes on under this pid.
    case superseded(by: PID)
  }

  public var pid: PID
  public var line: UInt64
  public var source: UInt32
  public var time: SyscallEvent.Timestamp
  public var cause: Cause

  public init(
    pid: PID, line: UInt64, source: UInt32, time: SyscallEvent.Timestamp, cause: Cause
  ) {
    self.pid = pid
    self.line = line
    self.source = source
    self.time = time
    self.cause = cause
  }
}

/// A line that claims to be a call of interest, or to be a strace line at all, and is not.
public struct MalformedLine: Hashable, Sendable {
  public var line: UInt64
  public var source: UInt32
  /// What is wrong, with the value that is.
  public var message: String

  public init(line: UInt64, source: UInt32, message: String) {
    self.line = line
    self.source = source
    self.message = message
  }
}

/// Some thousand items of a trace, with the parts of them that vary in length.
///
/// Positions in the side tables are valid for this batch only: consumers take what they need
/// before they ask for the next one. A batch is reused, so that reading allocates nothing.
public struct TraceBatch: Sendable {
  public var items: [TraceItem] = []
  public var iovecs: [IOVec] = []
  /// Names given by prctl(PR_SET_VMA).
  public var strings: [String] = []
  public var snapshots: [Snapshot] = []
  public var hosts: [HostDescription] = []
  public var malformed: [MalformedLine] = []
  /// The stacks of calls, in the order of the items; only if the reader keeps them.
  public var stacks: [StackMark] = []

  public init() {}

  /// Empties the batch and keeps its memory.
  public mutating func removeAll() {
    Self.empty(&items)
    Self.empty(&iovecs)
    Self.empty(&strings)
    Self.empty(&snapshots)
    Self.empty(&hosts)
    Self.empty(&malformed)
    Self.empty(&stacks)
  }

  /// Most side tables of most batches are empty already.
  private static func empty<Element>(_ table: inout [Element]) {
    if !table.isEmpty { table.removeAll(keepingCapacity: true) }
  }
}
