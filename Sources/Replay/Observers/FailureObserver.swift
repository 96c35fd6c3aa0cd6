public import AddressSpaces
public import SyscallABI
import SystemPackage

/// Says of refused calls which limit they met, and of granted ones whether they would have been
/// refused under other limits.
public struct FailureObserver: ReplayObserver {
  /// Refused calls that have everything in common but the moment.
  public struct Key: Hashable, Sendable {
    public var name: SyscallName
    /// 0 for brk, which has none.
    public var errno: Int32
    public var reason: FailureReason
  }

  /// The first of several calls, and how many there are.
  public struct Group: Sendable {
    public var count: UInt64 = 0
    public var first: RecordedCall
    public var lastLine: UInt64
    /// VMAs and mapped pages right before the first of them, and the limits.
    public var mapCount: Int
    public var pages: UInt64
    public var limits: AddressSpaceLimits
  }

  /// The most VMAs that a process had, with what it took to get there.
  public struct Growth: Sendable {
    public var mapCount = 0
    public var line: UInt64 = 0
    public var pid = PID.none
    public var limit = 0
    /// Calls of the process up to the peak, and the VMAs that it had after its first call.
    public var calls: UInt64 = 0
    public var firstCount = 0
  }

  public static var tracksOrigins: Bool { true }

  public var calls = CallLedger()
  public private(set) var refused: [Key: Group] = [:]
  /// Calls that the log shows granted and the limits given would have refused.
  public private(set) var wouldFail: [Key: Group] = [:]
  public private(set) var peak = Growth()
  /// The address space at the first call that too many VMAs refused.
  public private(set) var full: Explanation?
  private let pid: PID?
  private var processes: [Int: Course] = [:]
  private var doubtful: Divergence?

  /// Calls of a process since its program began, VMAs after the first, and what there is now.
  private typealias Course = (
    calls: UInt64, firstCount: Int, lastCount: Int, lastPages: UInt64
  )

  /// - Parameter pid: the process to look at; nil for all.
  public init(pid: PID? = nil) { self.pid = pid }

  public mutating func didDiverge(_ divergence: Divergence) {
    switch divergence.kind {
    case .succeeded(let expected):
      let isLimit =
        expected == Errno.noMemory.rawValue
        || expected == Errno.resourceTemporarilyUnavailable.rawValue
      if isLimit { doubtful = divergence }
    case .programBreak(let recorded, let expected): if expected < recorded { doubtful = divergence }
    case .failed, .errno, .overlap: break
    }
  }

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    let doubtful = self.doubtful
    self.doubtful = nil
    if let pid, process.pid != pid { return }
    let last = processes[process.ordinal]
    let before = (
      mapCount: last?.lastCount ?? space.mapCount, pages: last?.lastPages ?? space.totalVM
    )
    grow(event, process, space)
    if event.result.isInjected { return }
    if let errno = event.refusal {
      let key = Key(
        name: event.name, errno: errno, reason: space.reason(for: event, errno: errno))
      if case .mapCount = key.reason, full == nil { explain(process, space, event) }
      refused[key] = added(to: refused[key], event, before, space)
    } else if let doubtful, doubtful.line == event.line {
      let errno: Int32
      if case .succeeded(let expected) = doubtful.kind { errno = expected } else { errno = 0 }
      let key = Key(
        name: event.name, errno: errno,
        reason: space.reasonToRefuse(event, before: before.mapCount))
      wouldFail[key] = added(to: wouldFail[key], event, before, space)
    }
  }

  private mutating func grow<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, _ process: ProcessView, _ space: borrowing AddressSpace<Index>
  ) {
    var growth = processes[process.ordinal] ?? (0, space.mapCount, 0, 0)
    growth.lastCount = space.mapCount
    growth.lastPages = space.totalVM
    growth.calls += 1
    if case .execve = event.call { growth = (0, 0, 0, 0) }
    // The map at the start of a program comes without calls.
    if growth.calls <= 1 { growth.firstCount = space.mapCount }
    processes[process.ordinal] = growth
    if space.mapCount > peak.mapCount {
      peak = Growth(
        mapCount: space.mapCount, line: event.line, pid: process.pid,
        limit: space.limits.maxMapCount, calls: growth.calls, firstCount: growth.firstCount)
    }
  }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    processes[process.ordinal] = nil
  }

  private func added<Index: VMAIndex & ~Copyable>(
    to group: Group?, _ event: SyscallEvent, _ before: (mapCount: Int, pages: UInt64),
    _ space: borrowing AddressSpace<Index>
  ) -> Group {
    var group =
      group
      ?? Group(
        first: RecordedCall(event), lastLine: event.line, mapCount: before.mapCount,
        pages: before.pages, limits: space.limits)
    group.count += 1
    group.lastLine = event.line
    return group
  }

  private mutating func explain<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, _ space: borrowing AddressSpace<Index>, _ event: SyscallEvent
  ) {
    var builder = ExplanationBuilder(process, calls: calls, files: FileTable())
    builder.walk(space)
    full = builder.explanation
    full!.position = PeakFinder.Position(line: event.line, source: event.source)
  }
}

extension SyscallEvent {
  /// The error of a refused call, 0 for a brk that did not move; nil for a call that was granted.
  fileprivate var refusal: Int32? {
    if result.outcome == .failed { return result.errno }
    if case .brk(let addr) = call, result.succeeded, addr != .zero, result.value < addr.rawValue {
      return 0
    }
    return nil
  }
}
