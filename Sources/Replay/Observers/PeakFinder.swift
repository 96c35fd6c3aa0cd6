public import AddressSpaces
public import SyscallABI

/// Finds when a process, or the process that has the most of all, had the most VMAs.
public struct PeakFinder: ReplayObserver {
  public struct Peak: Sendable {
    public var pid: PID
    /// Which process, counted from 0 in the order in which the log first shows them.
    public var ordinal: Int
    public var mapCount: Int
    /// The call after which it was reached; nil if the process had as many at its end for the
    /// first time, which is so only if it made no call.
    public var position: Position?
  }

  /// A line of the log.
  public struct Position: Hashable, Sendable {
    public var line: UInt64
    public var source: UInt32

    public init(line: UInt64, source: UInt32) {
      self.line = line
      self.source = source
    }
  }

  public private(set) var peak: Peak?
  private let pid: PID?

  /// - Parameter pid: the process to look at; nil for all.
  public init(pid: PID? = nil) { self.pid = pid }

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    guard space.mapCount > peak?.mapCount ?? 0 else { return }
    note(process, space.mapCount, Position(line: event.line, source: event.source))
  }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    if peak == nil || space.mapCount > peak!.mapCount { note(process, space.mapCount, nil) }
  }

  private mutating func note(_ process: ProcessView, _ mapCount: Int, _ position: Position?) {
    if let pid, process.pid != pid { return }
    peak = Peak(
      pid: process.pid, ordinal: process.ordinal, mapCount: mapCount, position: position)
  }
}
