public import AddressSpaces
public import SyscallABI

/// Looks on while a log is replayed. Each question about a replay is one observer.
///
/// All requirements have empty defaults. The engine is specialised for its observer, so that an
/// observation that nobody makes costs nothing.
public protocol ReplayObserver {
  /// Whether VMAs should remember which calls made them what they are.
  static var tracksOrigins: Bool { get }

  /// Whether `willApply` is wanted.
  static var looksBeforeCalls: Bool { get }

  /// Whether `rewriter` is to change calls on their way.
  static var rewritesCalls: Bool { get }

  /// Nothing that follows matters: the replay may end here.
  var wantsNoMore: Bool { get }

  /// The calls that VMAs remember; used only if `tracksOrigins`.
  var calls: CallLedger { get set }

  /// What changes calls; used only if `rewritesCalls`.
  var rewriter: CallRewriter { get set }

  /// An event is about to be applied to the address space of its process; asked for by
  /// `looksBeforeCalls`.
  mutating func willApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>)

  /// An event has been applied to the address space of its process.
  mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>)

  /// The log has a snapshot of the kernel's map, and the model has applied all lines above it.
  mutating func didMeet<Index: VMAIndex & ~Copyable>(
    _ snapshot: Snapshot, process: ProcessView, space: borrowing AddressSpace<Index>,
    files: FileTable)

  /// A process ends (or the log does); its address space is as it was just before.
  mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable)

  mutating func didDiverge(_ divergence: Divergence)
}

extension ReplayObserver {
  public static var tracksOrigins: Bool { false }

  public static var looksBeforeCalls: Bool { false }

  public static var rewritesCalls: Bool { false }

  public var wantsNoMore: Bool { false }

  public var calls: CallLedger {
    get { CallLedger() }
    set {}
  }

  public var rewriter: CallRewriter {
    get { CallRewriter() }
    set {}
  }

  public mutating func willApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {}

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {}

  public mutating func didMeet<Index: VMAIndex & ~Copyable>(
    _ snapshot: Snapshot, process: ProcessView, space: borrowing AddressSpace<Index>,
    files: FileTable
  ) {}

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {}

  public mutating func didDiverge(_ divergence: Divergence) {}
}

/// An observer that looks at nothing.
public struct NoObserver: ReplayObserver {
  public init() {}
}

/// What an observer may know of a process.
public struct ProcessView: Sendable, BitwiseCopyable {
  public var pid: PID
  /// The path of the program last executed; `.none` if the log does not show one.
  public var program: FileID
  /// The process counted from 0 in the order in which the log first shows them.
  public var ordinal: Int
  /// The access of the gate that maps shows as `[vsyscall]` and that is no VMA; nil for none.
  public var vsyscallGate: VMAFlags?
  /// The process has ended, as opposed to the log.
  public var hasEnded: Bool
}
