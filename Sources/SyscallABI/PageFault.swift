/// A page fault that a tracer other than strace saw.
public struct PageFault: Hashable, Sendable, BitwiseCopyable {
  /// When it happened.
  public enum Moment: Hashable, Sendable, BitwiseCopyable {
    /// By the clock of the log.
    case time(SyscallEvent.Timestamp)
    /// Right after what is on this line of the log.
    case line(UInt64)
  }

  /// The thread that touched the page.
  public var thread: PID
  public var moment: Moment
  public var address: Address
  /// The page was written, not read.
  public var isWrite: Bool

  public init(thread: PID, moment: Moment, address: Address, isWrite: Bool) {
    self.thread = thread
    self.moment = moment
    self.address = address
    self.isWrite = isWrite
  }
}

/// Where page faults come from, in the order in which they happened.
public protocol PageFaultSource: AnyObject {
  /// The next fault; nil if there is none left.
  func next() -> PageFault?
}
