public import AddressSpaces
public import SyscallABI

/// Counts the boundaries of one address space at one moment.
public struct BoundaryObserver: ReplayObserver {
  public typealias Target = ExplainObserver.Target

  public private(set) var counts: BoundaryCounts?
  public private(set) var wantsNoMore = false
  private let target: Target

  public init(_ target: Target) { self.target = target }

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    guard target.isMet(by: event, process) else { return }
    counts = space.boundaryCounts()
    wantsNoMore = true
  }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    if case .endOf(process.ordinal) = target { counts = space.boundaryCounts() }
  }
}
