public import AddressSpaces
public import SyscallABI

/// Looks on while a log is replayed. Each question about a replay is one observer.
///
/// All requirements have empty defaults. The engine is specialised for its observer, so that an
/// observation that nobody makes costs nothing.
public protocol ReplayObserver {
  /// Whether VMAs should remember which calls made them what they are.
  static var tracksOrigins: Bool { get }

  /// Whether `willComplete` is wanted.
  static var looksBeforeCalls: Bool { get }

  /// Whether `rewriter` is to change calls on their way.
  static var rewritesCalls: Bool { get }

  /// Paths of calls may be asked for; only an address space on a `TracedIndex` has any.
  static var tracesCalls: Bool { get }

  /// Places of mappings are compared: `willPlace` is called.
  static var watchesPlacement: Bool { get }

  /// Whether files and anon_vmas should know their VMAs, and `objectScope` be asked; only on a
  /// `TracedIndex`.
  static var keepsObjects: Bool { get }

  /// Whether the replay should also read what the log leaves open (`CertainAddressSpace`).
  static var readsCertainty: Bool { get }

  /// Whether an address space should be brought back, when the log is over, to the last moment that
  /// `takeMark` marked.
  static var returnsToMark: Bool { get }

  /// Nothing that follows matters: the replay may end here.
  var wantsNoMore: Bool { get }

  /// Asked after each `didApply` if `returnsToMark`: whether to come back to the address space as
  /// it is now, and to no earlier moment any more.
  mutating func takeMark() -> Bool

  /// Asked when the log is over, after the last `willEnd`, if `returnsToMark`.
  var wantsReturn: Bool { get }

  /// The log is over, and an address space has the VMAs that it had at the last mark, or a little
  /// later: before the next event, but after the page faults that are known to belong to this one.
  mutating func didReturn<Index: VMAIndex & ~Copyable>(
    to space: borrowing AddressSpace<Index>, files: FileTable)

  /// The calls that VMAs remember; used only if `tracksOrigins`.
  var calls: CallLedger { get set }

  /// What changes calls; used only if `rewritesCalls`.
  var rewriter: CallRewriter { get set }

  /// An event is about to be applied to the address space of its process; asked for by
  /// `looksBeforeCalls`.
  mutating func willComplete<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>)

  /// A call is about to be applied; asked only if `tracesCalls`.
  ///
  /// - Returns: its path is wanted: `didTrace` will bring it.
  mutating func willApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>,
    files: FileTable
  ) -> Bool

  /// A call whose path was wanted has been applied, unless it ended its address space.
  mutating func didTrace<Index: VMAIndex & ~Copyable>(
    _ path: CallPath, of event: SyscallEvent, process: ProcessView,
    space: borrowing AddressSpace<Index>, files: FileTable)

  /// A call that succeeded is about to be applied, and nothing is in its way any more; called only
  /// if `watchesPlacement`.
  mutating func willPlace<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>,
    files: FileTable)

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

  /// A process ends (or the log does): whose shared objects are wanted; nil for nobody's. Asked
  /// only if `keepsObjects`.
  func objectScope(before end: ProcessView) -> ObjectImage.Scope?

  /// A process ends (or the log does), and its objects were wanted.
  mutating func willEnd(_ process: ProcessView, objects: ObjectImage)

  mutating func didDiverge(_ divergence: Divergence)

  /// An event has been applied to both readings; only if `readsCertainty`.
  mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, certain: CertainAddressSpace,
    space: borrowing AddressSpace<Index>)

  /// The log has a snapshot, by which the reading is not narrowed yet; only if `readsCertainty`.
  mutating func didMeet(
    _ snapshot: Snapshot, process: ProcessView, certain: CertainAddressSpace)

  /// A process ends (or the log does); only if `readsCertainty`.
  mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, certain: CertainAddressSpace, space: borrowing AddressSpace<Index>,
    files: FileTable)
}

extension ReplayObserver {
  public static var tracksOrigins: Bool { false }

  public static var looksBeforeCalls: Bool { false }

  public static var rewritesCalls: Bool { false }

  public static var tracesCalls: Bool { false }

  public static var watchesPlacement: Bool { false }

  public static var keepsObjects: Bool { false }

  public static var readsCertainty: Bool { false }

  public static var returnsToMark: Bool { false }

  public var wantsNoMore: Bool { false }

  public mutating func takeMark() -> Bool { false }

  public var wantsReturn: Bool { false }

  public mutating func didReturn<Index: VMAIndex & ~Copyable>(
    to space: borrowing AddressSpace<Index>, files: FileTable
  ) {}

  public var calls: CallLedger {
    get { CallLedger() }
    set {}
  }

  public var rewriter: CallRewriter {
    get { CallRewriter() }
    set {}
  }

  public mutating func willComplete<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {}

  public mutating func willApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>,
    files: FileTable
  ) -> Bool { false }

  public mutating func willPlace<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>,
    files: FileTable
  ) {}

  public mutating func didTrace<Index: VMAIndex & ~Copyable>(
    _ path: CallPath, of event: SyscallEvent, process: ProcessView,
    space: borrowing AddressSpace<Index>, files: FileTable
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

  public func objectScope(before end: ProcessView) -> ObjectImage.Scope? { nil }

  public mutating func willEnd(_ process: ProcessView, objects: ObjectImage) {}

  public mutating func didDiverge(_ divergence: Divergence) {}

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, certain: CertainAddressSpace,
    space: borrowing AddressSpace<Index>
  ) {}

  public mutating func didMeet(
    _ snapshot: Snapshot, process: ProcessView, certain: CertainAddressSpace
  ) {}

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, certain: CertainAddressSpace, space: borrowing AddressSpace<Index>,
    files: FileTable
  ) {}
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
