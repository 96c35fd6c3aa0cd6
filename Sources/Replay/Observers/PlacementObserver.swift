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
  private var alignedFiles: [FileID: Bool] = [:]

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
    guard isOn, let (kind, request) = request(for: event, space, files) else { return }
    guard let request, space.mmapBase != .zero else {
      placement.unpredicted += 1
      return
    }
    let expected =
      space.profile.follows(.takesHighestGap)
      ? space.getUnmappedArea(request) : findOld(request, process, space)
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

  /// What the kernel was asked; nil for calls that choose no address, and a nil request for those
  /// whose rules are not known.
  private mutating func request<Index: VMAIndex & ~Copyable>(
    for event: SyscallEvent, _ space: borrowing AddressSpace<Index>, _ files: FileTable
  ) -> (Placement.Kind, PlacementRequest?)? {
    switch event.call {
    case .mmap(let addr, let length, _, let flags, _, let file, let offset):
      if flags.contains(.fixed) || flags.contains(.fixedNoReplace) { return nil }
      let kind: Placement.Kind = addr.roundedDownToPage == .zero ? .mmap : .hint
      if flags.contains(.hugeTLB) || flags.contains(.bits32) { return (kind, nil) }
      var request = PlacementRequest(length: length, hint: addr)
      if !flags.contains(.anonymous) {
        request.backing = isAligned(file) ? .alignedFile : .otherFile
        request.offset = offset
      } else if flags.isShared {
        request.backing = .sharedMemory
      }
      return (kind, request)
    case .mremap(let oldAddress, _, let newSize, let flags, _):
      if Address(event.result.value) == oldAddress || flags.contains(.fixed) { return nil }
      if flags.contains(.dontUnmap) { return (.mremap, nil) }
      guard let vma = space.vmaContaining(oldAddress) else { return nil }
      var request = PlacementRequest(length: newSize)
      if let entry = files[vma.file] {
        let pages = (oldAddress &- vma.range.start) >> Page.shift
        request.backing = isAligned(entry.name) ? .alignedFile : .otherFile
        request.offset = (vma.pageOffset &+ pages).rawValue << Page.shift
      }
      return (.mremap, request)
    case .shmat(_, let addr, _):
      if addr != .zero { return nil }
      guard let size = segmentSize(event) else { return (.shmat, nil) }
      return (.shmat, PlacementRequest(length: size, backing: .sharedMemory))
    default: return nil
    }
  }

  /// Sizes of the segments whose shmget was seen, by identifier.
  private var segmentSizes: [Int32: UInt64] = [:]

  private func segmentSize(_ event: SyscallEvent) -> UInt64? {
    guard case .shmat(let shmid, _, _) = event.call else { return nil }
    return segmentSizes[shmid]
  }

  /// Whether the file system of this file aligns mappings for huge pages: those on disks do.
  private mutating func isAligned(_ file: FileID) -> Bool {
    if let known = alignedFiles[file] { return known }
    let text = paths.text(of: file)
    let others = ["/dev/", "/proc/", "/sys/", "/memfd:", "/SYSV", "/anon_hugepage", "/run/"]
    let isAligned = text.hasPrefix("/") && !others.contains { text.hasPrefix($0) }
    alignedFiles[file] = isAligned
    return isAligned
  }

  // MARK: What the other observer sees

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    if isOn, case .shmget(let size, _) = event.call, event.result.succeeded,
      let shmid = Int32(exactly: event.result.value)
    {
      segmentSizes[shmid] = size
    }
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
    base.willEnd(process, space: space, files: files)
  }

  public mutating func didDiverge(_ divergence: Divergence) { base.didDiverge(divergence) }
}
