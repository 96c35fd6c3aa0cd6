public import AddressSpaces
public import SyscallABI

/// Explains one address space at one moment.
public struct ExplainObserver: ReplayObserver {
  /// Which process, and when.
  public enum Target: Sendable {
    /// Right after this line of this process.
    case process(ordinal: Int, after: PeakFinder.Position)
    /// At the end of this process or of what is replayed.
    case endOf(ordinal: Int)
    /// At the end of what is replayed: the process of this number.
    case pid(PID)
    /// At the end of what is replayed: of the processes that live then, the one with the most VMAs.
    case largest

    /// The moment is right after this event.
    func isMet(by event: SyscallEvent, _ process: ProcessView) -> Bool {
      guard case .process(let ordinal, let position) = self else { return false }
      return ordinal == process.ordinal && position.line == event.line
        && position.source == event.source
    }
  }

  public static var tracksOrigins: Bool { true }

  public var calls = CallLedger()
  public private(set) var explanation: Explanation?
  private let target: Target
  private var lastPosition: PeakFinder.Position?
  public private(set) var wantsNoMore = false

  public init(_ target: Target) { self.target = target }

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    lastPosition = PeakFinder.Position(line: event.line, source: event.source)
    if target.isMet(by: event, process) { wantsNoMore = true }
  }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    switch target {
    case .process(let ordinal, _), .endOf(let ordinal):
      if process.ordinal != ordinal { return }
    case .pid(let pid):
      if process.pid != pid { return }
    case .largest:
      if let explanation, !isBetter(process, space.mapCount, than: explanation) { return }
    }
    var builder = ExplanationBuilder(process, calls: calls, files: files)
    builder.walk(space)
    explanation = builder.explanation
    explanation!.position = lastPosition
  }

  /// A process that lives goes before one that has ended, then the larger one.
  private func isBetter(
    _ process: ProcessView, _ mapCount: Int, than other: Explanation
  ) -> Bool {
    if process.hasEnded != other.process.hasEnded { return !process.hasEnded }
    return mapCount > other.mapCount
  }
}
