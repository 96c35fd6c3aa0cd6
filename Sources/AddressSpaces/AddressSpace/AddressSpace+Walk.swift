import SyscallABI
import SystemPackage

/// What a walk does with one VMA.
enum WalkStep: BitwiseCopyable {
  /// Leave it as it is.
  case keep
  case change(MergeAttributes)
  /// Give its written-to state to memory that has none (`anon_vma_prepare`).
  case fault
  case fail(Errno)
}

/// How a walk treats addresses that are not mapped.
enum HoleRule: BitwiseCopyable {
  /// Stops there with ENOMEM (mlock, mprotect).
  case stops
  /// Goes on, and fails with ENOMEM at the end (madvise).
  case reported
  /// Does not matter (mbind to the default policy, and calls known to have succeeded).
  case ignored
}

/// The walk that madvise, mlock, mbind and mseal have in common: VMA by VMA, each part that changes
/// may merge, and what was done before a failure stays.
extension AddressSpace where Index: ~Copyable {
  mutating func walk(
    _ range: AddressRange, holes: HoleRule, merges: Bool = true, leniently: Bool,
    _ decide: (MergeAttributes, AnonVMA) -> WalkStep
  ) -> Errno? {
    var position = range.start
    var sawHole = false
    var entry = find(range.start)
    while position < range.end {
      if entry.isNone || position < entry.start {
        if isTraced { path.note(.hole(position)) }
        if holes == .stops && !leniently { return .noMemory }
        sawHole = true
        if entry.isNone || entry.start >= range.end { break }
        position = entry.start
      }
      let part = AddressRange(position, min(entry.end, range.end))
      if isTraced { path.enter(.changeVMA, part) }
      defer { if isTraced { path.leave() } }
      switch decide(attributes(of: entry), slab[entry.handle].anonVMA) {
      case .keep: if isTraced { path.note(.unchanged(vma(entry))) }
      case .fault: anonVMAPrepare(entry)
      case .fail(let errno):
        if isTraced { noteFailure(errno) }
        if !leniently { return errno }
      case .change(let attributes):
        let id = self.attributes.intern(attributes)
        do throws(Errno) {
          entry = try vmaModify(entry, part, id, merges: merges, leniently: leniently)
        } catch {
          return error
        }
      }
      position = max(part.end, min(entry.end, range.end))
      if position < range.end { entry = index.next(entry) }
    }
    return sawHole && holes != .ignored && !leniently ? .noMemory : nil
  }

  /// The error at which the same walk would stop. Nothing is changed.
  borrowing func predictWalk(
    _ range: AddressRange, holes: HoleRule, _ decide: (MergeAttributes, AnonVMA) -> WalkStep
  ) -> Errno? {
    var position = range.start
    var sawHole = false
    var count = mapCount
    var entry = index.search(range.start)
    while position < range.end {
      if entry.isNone || position < entry.start {
        if holes == .stops { return .noMemory }
        sawHole = true
        if entry.isNone || entry.start >= range.end { break }
        position = entry.start
      }
      let part = AddressRange(position, min(entry.end, range.end))
      let attributes = attributes(of: entry)
      switch decide(attributes, slab[entry.handle].anonVMA) {
      case .keep, .fault: break
      case .fail(let errno): return errno
      case .change:
        if let errno = cutError(entry, part, attributes, &count) { return errno }
      }
      position = part.end
      if position < range.end { entry = index.next(entry) }
    }
    return sawHole && holes != .ignored ? .noMemory : nil
  }

  /// A page-aligned range for calls whose address must be aligned: nil with nil for an empty one.
  static func pageRange(
    _ address: Address, _ length: UInt64
  ) -> (range: AddressRange?, errno: Errno?) {
    guard address.isPageAligned, let size = Page.align(length) else {
      return (nil, .invalidArgument)
    }
    if size == 0 { return (nil, nil) }
    let (end, overflow) = address.rawValue.addingReportingOverflow(size)
    if overflow { return (nil, .invalidArgument) }
    return (AddressRange(address, Address(end)), nil)
  }
}
