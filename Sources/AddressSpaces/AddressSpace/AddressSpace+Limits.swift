import SyscallABI

/// What a process may have on top of what it has.
extension AddressSpace where Index: ~Copyable {
  /// Whether `pages` more mapped pages exceed RLIMIT_AS, once `freed` pages are unmapped.
  ///
  /// Linux: `may_expand_vm`.
  func exceedsAddressSpaceLimit(_ pages: UInt64, freed: UInt64 = 0) -> Bool {
    limits.addressSpace != ResourceLimit.infinity
      && totalVM - freed + pages > limits.addressSpace >> Page.shift
  }

  /// Whether `pages` more private writable pages exceed RLIMIT_DATA.
  ///
  /// - Complexity: O(1) far below the limit, O(*n*) near it.
  ///
  /// Linux: `may_expand_vm`, `is_data_mapping` (4.7 and newer).
  borrowing func exceedsDataPages(_ pages: UInt64) -> Bool {
    if limits.data == ResourceLimit.infinity { return false }
    guard profile.follows(.dataLimitOfWritable) else { return false }
    let limit = limits.data >> Page.shift
    // All that is mapped, stacks left out, may fit already.
    if totalVM &- counters.stack &+ pages <= limit { return false }
    return dataVM &+ pages > limit
  }

  /// Private writable pages but those of stacks (`data_vm`).
  ///
  /// - Complexity: O(*n*).
  public var dataVM: UInt64 {
    var pages: UInt64 = 0
    var entry = index.first()
    while !entry.isNone {
      if attributes(of: entry).flags.isData { pages += entry.range.lengthInPages }
      entry = index.next(entry)
    }
    return pages
  }

  /// Whether `pages` more locked pages exceed RLIMIT_MEMLOCK.
  ///
  /// Linux: `mlock_future_ok`; in 2.6, written out in each caller.
  func mlockExceedsLimit(_ pages: UInt64) -> Bool {
    limits.memLock != ResourceLimit.infinity && lockedVM + pages > limits.memLock >> Page.shift
  }

  /// Whether a break at `address` exceeds RLIMIT_DATA.
  ///
  /// Linux: `check_data_rlimit` (6.x), written out in `sys_brk` (2.6).
  func exceedsDataLimit(_ address: Address) -> Bool {
    if limits.data == ResourceLimit.infinity { return false }
    if !profile.follows(.dataLimitOfHeap) { return address &- layout.startData > limits.data }
    return (address &- layout.startBrk) &+ (layout.endData &- layout.startData) > limits.data
  }

  /// Whether `pages` more pages may be charged, once `freed` is unmapped.
  ///
  /// Linux: `security_vm_enough_memory`, `__vm_enough_memory`.
  func hasEnoughMemory(_ pages: UInt64, freed: VMCounters = VMCounters()) -> Bool {
    switch limits.overcommit {
    case .always: return true
    case .heuristic:
      // Only what one request could never get is refused.
      return limits.availableMemory == ResourceLimit.infinity
        || pages <= limits.availableMemory >> Page.shift
    case .never:
      if limits.commitLimit == ResourceLimit.infinity { return true }
      // Others keep a thirty-second part of what this process has mapped.
      let allowed = limits.commitLimit >> Page.shift
      let kept = (totalVM - freed.total) / 32
      let committed =
        (limits.committedElsewhere >> Page.shift) + counters.accounted - freed.accounted + pages
      return allowed > kept && committed < allowed - kept
    }
  }
}

extension VMAFlags {
  /// Linux: `is_data_mapping`.
  var isData: Bool { intersection([.write, .shared, .growsDown]) == .write }
}
