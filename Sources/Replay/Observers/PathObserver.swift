public import AddressSpaces
public import SyscallABI

/// One call of the log: its path, and the address space before and after.
public struct TracedCall: Sendable {
  /// A VMA and how maps shows it.
  public struct Area: Sendable {
    public var vma: VMA
    public var line: MapImage.Line
  }

  public var event: SyscallEvent
  public var process: ProcessView
  public var profile: KernelProfile
  public var path = CallPath()
  public var before: [Area]
  /// nil if the call ended the address space.
  public var after: [Area]?
  /// The break before and after.
  public var breakBefore: Address
  public var breakAfter: Address
  /// The limit that a refused call met; nil for a call that succeeded.
  public var reason: FailureReason?
  /// What the model would have done instead.
  public var divergences: [Divergence] = []
  /// The names behind the files of both maps.
  public var fileNames: [FileDescriptionID: FileID] = [:]

  /// What the call is about: its own range or ranges, as its arguments and its result say.
  public var ranges: [AddressRange] { event.ranges(breakBefore: breakBefore) }
}

/// Keeps the calls that complete on one line of the log: with several files, one of each.
public struct PathObserver: ReplayObserver {
  public static var tracesCalls: Bool { true }

  public private(set) var calls: [TracedCall] = []
  private let line: UInt64

  public init(line: UInt64) { self.line = line }

  public mutating func willApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>,
    files: FileTable
  ) -> Bool {
    guard event.line == line else { return false }
    var call = TracedCall(
      event: event, process: process, profile: space.profile, before: [],
      breakBefore: space.currentBreak, breakAfter: space.currentBreak)
    call.before = Self.areas(space, process, files, &call.fileNames)
    calls.append(call)
    return true
  }

  public mutating func didTrace<Index: VMAIndex & ~Copyable>(
    _ path: CallPath, of event: SyscallEvent, process: ProcessView,
    space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    guard let last = calls.indices.last, calls[last].event.source == event.source else { return }
    calls[last].path = path
    calls[last].breakAfter = space.currentBreak
    calls[last].after = Self.areas(space, process, files, &calls[last].fileNames)
    if case .brk(let asked) = event.call {
      let isRefused =
        asked != .zero && event.result.succeeded && Address(event.result.value) != asked
      if isRefused { calls[last].reason = space.reason(for: event, errno: 0) }
    } else if event.result.outcome == .failed {
      calls[last].reason = space.reason(for: event, errno: event.result.errno)
    }
  }

  public mutating func didDiverge(_ divergence: Divergence) {
    guard divergence.line == line, let last = calls.indices.last,
      calls[last].event.source == divergence.source
    else { return }
    calls[last].divergences.append(divergence)
  }

  private static func areas<Index: VMAIndex & ~Copyable>(
    _ space: borrowing AddressSpace<Index>, _ process: ProcessView, _ files: FileTable,
    _ names: inout [FileDescriptionID: FileID]
  ) -> [TracedCall.Area] {
    let image = MapImage(of: space, process: process, files: files)
    let vmas = space.vmas()
    for vma in vmas where vma.file != .none {
      if let entry = files[vma.file] { names[vma.file] = entry.name }
    }
    return zip(vmas, image.lines).map { TracedCall.Area(vma: $0, line: $1) }
  }
}

extension SyscallEvent {
  /// The addresses that a call is about; none for calls that are not about any.
  func ranges(breakBefore: Address) -> [AddressRange] {
    func range(_ start: Address, _ length: UInt64) -> [AddressRange] {
      guard let size = Page.align(length), size > 0 else { return [] }
      let first = start.roundedDownToPage
      let (end, overflow) = first.rawValue.addingReportingOverflow(size)
      return overflow ? [] : [AddressRange(first, Address(end))]
    }
    let placed = result.succeeded ? Address(result.value) : nil
    switch call {
    case .mmap(let addr, let length, _, let flags, _, _, _):
      if let placed { return range(placed, length) }
      return flags.contains(.fixed) ? range(addr, length) : []
    case .munmap(let addr, let length), .munlock(let addr, let length),
      .mseal(let addr, let length), .mprotect(let addr, let length, _, _),
      .madvise(let addr, let length, _), .mlock(let addr, let length, _),
      .mbind(let addr, let length, _, _, _), .setVMAName(let addr, let length, _),
      .remapFilePages(let addr, let length, _, _, _):
      return range(addr, length)
    case .mremap(let old, let oldSize, let newSize, _, _):
      return range(old, oldSize) + (placed.map { range($0, newSize) } ?? [])
    case .brk(let asked):
      let ends = [breakBefore.roundedUpToPage, (placed ?? asked).roundedUpToPage].sorted()
      return ends[0] == ends[1] || ends[0] == .zero ? [] : [AddressRange(ends[0], ends[1])]
    case .shmat: return placed.map { range($0, Page.size) } ?? []
    case .shmdt(let addr): return range(addr, Page.size)
    case .processMadvise, .mlockall, .munlockall, .shmget, .clone, .clone3, .fork, .execve, .exit,
      .setLimit:
      return []
    }
  }
}
