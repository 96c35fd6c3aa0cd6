public import AddressSpaces
public import SyscallABI

/// Explains the address space that had the most VMAs of all, at its first moment with so many.
///
/// The address space is brought back to that moment when the log is over, so that the log is read
/// once.
public struct PeakExplainer: ReplayObserver {
  public static var tracksOrigins: Bool { true }
  public static var returnsToMark: Bool { true }

  public var calls = CallLedger()
  /// Nil if there was no process to look at.
  public private(set) var explanation: Explanation?
  /// What to ask an `ExplainObserver` for to see the same process at the same moment.
  public private(set) var target: ExplainObserver.Target?

  private var highest: Int?
  /// The last call that was applied.
  private var position: PeakFinder.Position?
  /// The process at the mark, and where in the log the mark is.
  private var marked: (process: ProcessView, position: PeakFinder.Position)?
  private var isAtMark = false
  private let pid: PID?

  /// - Parameter pid: the process to look at; nil for all.
  public init(pid: PID? = nil) { self.pid = pid }

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    let position = PeakFinder.Position(line: event.line, source: event.source)
    self.position = position
    guard space.mapCount > highest ?? 0, pid == nil || process.pid == pid else { return }
    highest = space.mapCount
    target = .process(ordinal: process.ordinal, after: position)
    explanation = nil
    marked = (process, position)
    isAtMark = true
  }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    guard pid == nil || process.pid == pid, highest == nil || space.mapCount > highest! else {
      return
    }
    // No call of its own has shown this map: now or never.
    highest = space.mapCount
    target = .endOf(ordinal: process.ordinal)
    explain(process, at: position, space, files)
  }

  private mutating func explain<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, at position: PeakFinder.Position?,
    _ space: borrowing AddressSpace<Index>, _ files: FileTable
  ) {
    var builder = ExplanationBuilder(process, calls: calls, files: files)
    builder.walk(space)
    explanation = builder.explanation
    explanation!.position = position
  }

  public mutating func takeMark() -> Bool {
    defer { isAtMark = false }
    return isAtMark
  }

  public var wantsReturn: Bool { marked != nil && explanation == nil }

  public mutating func didReturn<Index: VMAIndex & ~Copyable>(
    to space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    guard let marked else { return }
    explain(marked.process, at: marked.position, space, files)
  }
}
