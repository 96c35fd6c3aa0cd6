public import AddressSpaces
public import SyscallABI

/// Watches how large address spaces become, and notes the first call that goes above each bound.
public struct BudgetObserver: ReplayObserver {
  /// A figure that only counts at its highest.
  public struct Highest: Sendable {
    /// The most that any process had.
    public private(set) var value: UInt64 = 0
    public private(set) var pid = PID.none
    public private(set) var ordinal = 0
    /// The call after which it had so much; nil if it made none.
    public private(set) var position: PeakFinder.Position?
    /// For each bound the first call after which a process had more.
    private var firstAbove: [UInt64: PeakFinder.Position] = [:]
    fileprivate var bounds: [UInt64]

    init(bounds: [UInt64]) { self.bounds = bounds }

    /// The first call after which a process had more than `bound`, one of the bounds watched for;
    /// where none had, the one after which a process had the most.
    public func position(above bound: UInt64?) -> PeakFinder.Position? {
      bound.flatMap { firstAbove[$0] } ?? position
    }

    mutating func note(_ value: UInt64, _ process: ProcessView, _ event: SyscallEvent?) {
      guard value > self.value else { return }
      self.value = value
      pid = process.pid
      ordinal = process.ordinal
      position = event.map { PeakFinder.Position(line: $0.line, source: $0.source) }
      for bound in bounds where value > bound && firstAbove[bound] == nil {
        firstAbove[bound] = position
      }
    }
  }

  public private(set) var mapCount: Highest
  /// In pages.
  public private(set) var mapped: Highest
  private let pid: PID?
  /// A bound of `mapCount` that follows from max_map_count; nil once it is known.
  private var boundOfLimit: (@Sendable (UInt64) -> UInt64)?

  /// - Parameters:
  ///   - pid: the process to watch; nil for all.
  ///   - mapCountBounds: numbers of VMAs to watch for.
  ///   - pageBounds: numbers of mapped pages to watch for.
  ///   - boundOfLimit: one more number of VMAs, made of max_map_count.
  public init(
    pid: PID?, mapCountBounds: [UInt64], pageBounds: [UInt64],
    boundOfLimit: (@Sendable (UInt64) -> UInt64)? = nil
  ) {
    self.pid = pid
    self.boundOfLimit = boundOfLimit
    mapCount = Highest(bounds: mapCountBounds)
    mapped = Highest(bounds: pageBounds)
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
    if let bound = boundOfLimit {
      mapCount.bounds.append(bound(UInt64(space.limits.maxMapCount)))
      boundOfLimit = nil
    }
    mapCount.note(UInt64(space.mapCount), process, event)
    mapped.note(space.totalVM, process, event)
  }
}
