public import AddressSpaces
public import SyscallABI

/// Watches how large address spaces become, and notes the first call that goes above a bound.
public struct BudgetObserver: ReplayObserver {
  /// A figure that only counts at its highest.
  public struct Highest: Sendable {
    /// The most that any process had.
    public private(set) var value: UInt64 = 0
    public private(set) var pid = PID.none
    public private(set) var ordinal = 0
    /// The call after which it had so much; nil if it made none.
    public private(set) var position: PeakFinder.Position?
    /// The first call after which a process had more than the bound.
    public private(set) var firstAbove: PeakFinder.Position?
    /// nil for none.
    public let bound: UInt64?

    init(bound: UInt64?) { self.bound = bound }

    public var isBroken: Bool { bound.map { value > $0 } ?? false }

    mutating func note(_ value: UInt64, _ process: ProcessView, _ event: SyscallEvent?) {
      guard value > self.value else { return }
      self.value = value
      pid = process.pid
      ordinal = process.ordinal
      position = event.map { PeakFinder.Position(line: $0.line, source: $0.source) }
      if let bound, value > bound, firstAbove == nil { firstAbove = position }
    }
  }

  public private(set) var mapCount: Highest
  /// In pages.
  public private(set) var mapped: Highest
  private let pid: PID?

  /// - Parameters:
  ///   - pid: the process to watch; nil for all.
  ///   - maxMapCount: VMAs that a process may have; nil for any number.
  ///   - maxPages: pages that a process may map; nil for any number.
  public init(pid: PID?, maxMapCount: UInt64?, maxPages: UInt64?) {
    self.pid = pid
    mapCount = Highest(bound: maxMapCount)
    mapped = Highest(bound: maxPages)
  }

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    note(process, space, event)
  }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    note(process, space, nil)
  }

  private mutating func note<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, _ space: borrowing AddressSpace<Index>, _ event: SyscallEvent?
  ) {
    if let pid, process.pid != pid { return }
    mapCount.note(UInt64(space.mapCount), process, event)
    mapped.note(space.totalVM, process, event)
  }
}
