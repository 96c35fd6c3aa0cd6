public import AddressSpaces
public import SyscallABI

/// Predicts where each mapping goes and compares that with the log, beside another observer.
///
/// The recorded address is taken all the same, so that one miss does not lead to the next.
public struct PlacementObserver<Base: ReplayObserver>: ReplayObserver {
  public static var watchesPlacement: Bool { true }
  public static var tracksOrigins: Bool { Base.tracksOrigins }

  public var base: Base
  public private(set) var placement = Placement()
  private let paths: PathTable
  private let isOn: Bool
  /// What 2.6 remembers, by process.
  private var old: [Int: OldPlacement] = [:]
  private var rules = PlacementRules()
  /// What is known of the room that there is, by process.
  private var memos: [Int: PlacementMemo] = [:]

  /// - Parameter isOn: places are predicted; otherwise only `base` looks on.
  public init(_ base: Base, paths: PathTable, isOn: Bool = true) {
    self.isOn = isOn
    self.base = base
    self.paths = paths
  }

  public var wantsNoMore: Bool { base.wantsNoMore }

  public var calls: CallLedger {
    get { base.calls }
    set { base.calls = newValue }
  }

  public mutating func willPlace<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>,
    files: FileTable
  ) {
    guard isOn, let (kind, request) = rules.request(for: event, space, files, paths) else {
      return
    }
    guard let request, space.mmapBase != .zero else {
      placement.unpredicted += 1
      return
    }
    let expected =
      space.profile.follows(.takesHighestGap)
      ? space.getUnmappedArea(request, &memos[process.ordinal, default: PlacementMemo()])
      : findOld(request, process, space)
    placement.note(
      kind, expected: expected, found: Address(event.result.value), line: event.line,
      pid: event.pid)
  }

  private mutating func findOld<Index: VMAIndex & ~Copyable>(
    _ request: PlacementRequest, _ process: ProcessView, _ space: borrowing AddressSpace<Index>
  ) -> Address? {
    guard let size = Page.align(request.length) else { return nil }
    var state = oldState(process, space)
    let found = state.find(size, hint: request.hint, in: space)
    old[process.ordinal] = state
    return found
  }

  /// A new program, or a child that is seen first, looks from the top.
  private func oldState<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, _ space: borrowing AddressSpace<Index>
  ) -> OldPlacement {
    if let state = old[process.ordinal], state.base == space.mmapBase { return state }
    return OldPlacement(.topDown, base: space.mmapBase).forked()
  }

  // MARK: What the other observer sees

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    if isOn { rules.note(event) }
    // A new program has another address space.
    if isOn, case .execve = event.call { memos[process.ordinal] = nil }
    noteUnmapped(by: event, process, space)
    base.didApply(event, process: process, space: space)
  }

  /// 2.6 moves its cache when something is unmapped.
  private mutating func noteUnmapped<Index: VMAIndex & ~Copyable>(
    by event: SyscallEvent, _ process: ProcessView, _ space: borrowing AddressSpace<Index>
  ) {
    guard isOn, !space.profile.follows(.takesHighestGap), space.mmapBase != .zero,
      event.result.succeeded
    else { return }
    let freed: (start: Address, length: UInt64)
    switch event.call {
    case .munmap(let addr, let length): freed = (addr, length)
    case .mremap(let old, let oldSize, let newSize, _, _):
      if Address(event.result.value) != old {
        freed = (old, oldSize)
      } else if newSize < oldSize {
        freed = (old &+ newSize, oldSize - newSize)
      } else {
        return
      }
    default: return
    }
    guard let size = Page.align(freed.length), size > 0,
      freed.start.rawValue <= UInt64.max - size
    else { return }
    var state = oldState(process, space)
    state.noteUnmapped(AddressRange(freed.start, freed.start &+ size), in: space)
    old[process.ordinal] = state
  }

  public mutating func didMeet<Index: VMAIndex & ~Copyable>(
    _ snapshot: Snapshot, process: ProcessView, space: borrowing AddressSpace<Index>,
    files: FileTable
  ) {
    base.didMeet(snapshot, process: process, space: space, files: files)
  }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    old[process.ordinal] = nil
    memos[process.ordinal] = nil
    base.willEnd(process, space: space, files: files)
  }

  public mutating func didDiverge(_ divergence: Divergence) { base.didDiverge(divergence) }
}
