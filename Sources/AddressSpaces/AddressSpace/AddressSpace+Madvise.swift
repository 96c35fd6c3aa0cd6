public import SyscallABI
public import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// Advises on the use of memory. Advice that sets flags splits and merges VMAs; advice that only
  /// acts on pages changes nothing here, unless it writes them.
  ///
  /// - Parameters:
  ///   - length: in bytes; rounded up to pages. 0 does nothing.
  ///   - leniently: the call is known to have succeeded: holes and refusals are passed over.
  /// - Throws: `invalidArgument` (unknown advice, misaligned, advice that a VMA does not take:
  ///   those below it are changed), `noMemory` (holes: all mapped parts are changed),
  ///   `notPermitted` (discarding sealed memory), `resourceTemporarilyUnavailable` (the limit of
  ///   VMAs).
  /// - Complexity: O(log *n* + VMAs in the range).
  ///
  /// Linux: `madvise_walk_vmas`, `madvise_vma_behavior`, `madvise_update_vma`.
  public mutating func madvise(
    _ address: Address, length: UInt64, advice: Advice, leniently: Bool = false
  ) throws(Errno) {
    guard advice.isKnown else { throw .invalidArgument }
    if !profile.knows(advice) { return passOverUnknown() }
    let checked = Self.pageRange(address, length)
    if let errno = checked.errno { throw errno }
    guard let range = checked.range else { return }
    var failure: Errno?
    if advice == .populateRead || advice == .populateWrite {
      failure = madvisePopulate(range, advice, leniently: leniently)
    } else {
      failure = walk(range, holes: .reported, leniently: leniently) { attributes, _ in
        Self.step(advice, attributes)
      }
      failure = mapLimitAsAgain(failure, range)
    }
    finish(around: range.start)
    if let failure { throw failure }
  }

  /// The error with which madvise would fail; nil if it would succeed. Nothing is changed.
  public borrowing func predictMadvise(
    _ address: Address, length: UInt64, advice: Advice
  ) -> Errno? {
    guard advice.isKnown else { return .invalidArgument }
    if !profile.knows(advice) { return nil }
    let checked = Self.pageRange(address, length)
    if let errno = checked.errno { return errno }
    guard let range = checked.range else { return nil }
    if advice == .populateRead || advice == .populateWrite {
      return predictWalk(range, holes: .stops) { attributes, _ in
        Self.populateStep(advice, attributes)
      }
    }
    let errno = predictWalk(range, holes: .reported) { attributes, _ in
      Self.step(advice, attributes)
    }
    return mapLimitAsAgain(errno, range)
  }

  /// Too many VMAs are EAGAIN to madvise; a hole is ENOMEM.
  private borrowing func mapLimitAsAgain(_ errno: Errno?, _ range: AddressRange) -> Errno? {
    guard errno == .noMemory, mapCount >= limits.maxMapCount else { return errno }
    return hasHole(range) ? .noMemory : .resourceTemporarilyUnavailable
  }

  /// Whether a page of `range` is not mapped.
  borrowing func hasHole(_ range: AddressRange) -> Bool {
    var position = range.start
    var entry = index.search(range.start)
    while position < range.end {
      if entry.isNone || position < entry.start { return true }
      position = entry.end
      entry = index.next(entry)
    }
    return false
  }

  private mutating func madvisePopulate(
    _ range: AddressRange, _ advice: Advice, leniently: Bool
  ) -> Errno? {
    walk(range, holes: .stops, leniently: leniently) { attributes, _ in
      Self.populateStep(advice, attributes)
    }
  }

  /// Linux: `madvise_populate`.
  private static func populateStep(_ advice: Advice, _ attributes: MergeAttributes) -> WalkStep {
    let flags = attributes.flags
    if !flags.isDisjoint(with: [.io, .pfnMap]) { return .fail(.invalidArgument) }
    if advice == .populateWrite {
      if !flags.contains(.write) { return .fail(.invalidArgument) }
      return attributes.takesPrivateWrites ? .fault : .keep
    }
    return flags.contains(.read) ? .keep : .fail(.invalidArgument)
  }

  /// What advice does to one VMA.
  private static func step(_ advice: Advice, _ attributes: MergeAttributes) -> WalkStep {
    let flags = attributes.flags
    if flags.contains(.sealed) && discards(advice) && flags.isDisjoint(with: [.write, .shared]) {
      if attributes.isAnonymous { return .fail(.notPermitted) }
    }
    if let refusal = pageAdviceError(advice, attributes) { return .fail(refusal) }
    // Guards in anonymous memory count as written pages, also where it can only be read.
    if advice == .guardInstall { return attributes.isAnonymous ? .fault : .keep }
    guard let changed = newFlags(advice, attributes) else { return .fail(.invalidArgument) }
    if changed == flags { return .keep }
    var result = attributes
    result.flags = changed
    return .change(result)
  }

  /// Linux: `is_discard` in mm/mseal.c.
  private static func discards(_ advice: Advice) -> Bool {
    switch advice {
    case .free, .dontNeed, .dontNeedLocked, .remove, .dontFork, .wipeOnFork, .guardInstall: true
    default: false
    }
  }

  /// Refusals of advice that acts on pages.
  private static func pageAdviceError(_ advice: Advice, _ attributes: MergeAttributes) -> Errno? {
    let flags = attributes.flags
    switch advice {
    case .free:
      let isAllowed =
        attributes.isAnonymous && flags.isDisjoint(with: [.locked, .pfnMap, .hugeTLB])
      return isAllowed ? nil : .invalidArgument
    case .dontNeed, .cold, .pageOut:
      let refused: VMAFlags =
        advice == .dontNeed ? [.locked, .pfnMap] : [.locked, .pfnMap, .hugeTLB]
      return flags.isDisjoint(with: refused) ? nil : .invalidArgument
    case .dontNeedLocked: return flags.contains(.pfnMap) ? .invalidArgument : nil
    case .remove:
      if !flags.isDisjoint(with: [.locked, .nonLinear]) || attributes.file == .none {
        return .invalidArgument
      }
      return flags.intersection([.shared, .write]) == [.shared, .write] ? nil : .permissionDenied
    case .guardInstall, .guardRemove:
      var refused: VMAFlags = .special.union(.hugeTLB)
      if advice == .guardInstall { refused.insert(.locked) }
      return flags.isDisjoint(with: refused) ? nil : .invalidArgument
    default: return nil
    }
  }

  /// The flags after advice; nil if the VMA does not take it.
  ///
  /// Linux: `madvise_vma_behavior`, `ksm_madvise`, `hugepage_madvise`.
  private static func newFlags(_ advice: Advice, _ attributes: MergeAttributes) -> VMAFlags? {
    var flags = attributes.flags
    switch advice {
    case .normal: flags.subtract([.randRead, .seqRead])
    case .random:
      flags.remove(.seqRead)
      flags.insert(.randRead)
    case .sequential:
      flags.remove(.randRead)
      flags.insert(.seqRead)
    case .dontFork: flags.insert(.dontCopy)
    case .doFork:
      if flags.contains(.io) { return nil }
      flags.remove(.dontCopy)
    case .wipeOnFork:
      if attributes.file != .none || flags.contains(.shared) { return nil }
      flags.insert(.wipeOnFork)
    case .keepOnFork:
      if flags.contains(.droppable) { return nil }
      flags.remove(.wipeOnFork)
    case .dontDump: flags.insert(.dontDump)
    case .doDump:
      let isSpecial = !flags.isDisjoint(with: .special) && !flags.contains(.hugeTLB)
      if isSpecial || flags.contains(.droppable) { return nil }
      flags.remove(.dontDump)
    case .mergeable:
      let never: VMAFlags = [.shared, .mayShare, .hugeTLB, .droppable]
      if flags.isDisjoint(with: never.union(.special)) { flags.insert(.mergeable) }
    case .unmergeable: flags.remove(.mergeable)
    case .hugePage:
      flags.remove(.noHugePage)
      flags.insert(.hugePage)
    case .noHugePage:
      flags.remove(.hugePage)
      flags.insert(.noHugePage)
    default: break
    }
    return flags
  }
}
