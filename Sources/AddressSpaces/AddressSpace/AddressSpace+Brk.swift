public import SyscallABI

extension AddressSpace where Index: ~Copyable {
  /// Moves the program break.
  ///
  /// - Parameter address: the break asked for; 0 asks where it is.
  /// - Returns: the break afterwards: the old one if the kernel refuses, for there is no errno.
  /// - Complexity: O(log *n*), when shrinking + VMAs in the range.
  ///
  /// Linux: `sys_brk`, `do_brk_flags` (6.x). That of 2.6 is `oldSysBrk`.
  @discardableResult
  public mutating func brk(_ address: Address) -> Address {
    if !profile.follows(.brkOnlyExpands) {
      let around = currentBreak.roundedUpToPage
      oldSysBrk(address)
      finish(around: around)
      return currentBreak
    }
    if isTraced { noteBreakChecks(address, lowest: layout.startBrk) }
    if address < layout.startBrk || address > taskSize { return currentBreak }
    if exceedsDataLimit(address) { return currentBreak }
    let old = currentBreak.roundedUpToPage
    let new = address.roundedUpToPage
    if old == new {
      currentBreak = address
    } else if new < old {
      let range = AddressRange(new, old)
      // An empty heap cannot shrink: 6.x looks for a VMA first.
      if isMapped(anyOf: range) && munmapFailure(range) == nil {
        try? doMunmap(range, leniently: false)
        noteHole(range)
        currentBreak = address
      }
    } else if mayGrowHeap(from: old, to: new) {
      growHeap(AddressRange(old, new))
      currentBreak = address
    }
    finish(around: old)
    return currentBreak
  }

  /// Sets the break that a call is known to have returned, where that differs from `brk`'s answer:
  /// the heap grows or shrinks to it, over whatever is in the way.
  public mutating func setBreak(_ address: Address) {
    let old = currentBreak.roundedUpToPage
    let new = address.roundedUpToPage
    if new < old {
      try? doMunmap(AddressRange(new, old), leniently: true)
      noteHole(AddressRange(new, old))
    } else if new > old && old != .zero {
      try? doMunmap(AddressRange(old, new), leniently: true)
      growHeap(AddressRange(old, new))
    }
    currentBreak = address
    finish(around: old)
  }

  /// Says where the heap starts and ends, without mapping anything: at the start of a replay.
  public mutating func setHeap(start: Address, end: Address) {
    layout.startBrk = start
    currentBreak = end
  }

  /// The first questions of `sys_brk`.
  mutating func noteBreakChecks(_ address: Address, lowest: Address) {
    noteCheck(.lowestBreak(lowest), passed: address >= lowest)
    if address < lowest { return }
    noteCheck(.dataLimit(limits.data), passed: !exceedsDataLimit(address))
    if exceedsDataLimit(address) { return }
    let (old, new) = (currentBreak.roundedUpToPage, address.roundedUpToPage)
    if new > old { noteFree(.findVMAIntersection, AddressRange(old, new &+ Page.size)) }
  }

  private mutating func mayGrowHeap(from old: Address, to new: Address) -> Bool {
    if isOccupied(AddressRange(old, new)) || mapCount > limits.maxMapCount { return false }
    let pages = (new &- old) >> Page.shift
    if exceedsAddressSpaceLimit(pages) || exceedsDataPages(pages) { return false }
    if defaultFlags.contains(.locked) && mlockExceedsLimit(pages) { return false }
    // One page stays free above the heap, and the guard gap below a stack.
    let next = memo.around.next
    if next.isNone { return true }
    let gap = attributes(of: next).flags.contains(.growsDown) ? stackGuardGap : 0
    let lowest = next.start.rawValue < gap ? Address.zero : next.start &- gap
    return new &+ Page.size <= lowest
  }

  /// Linux: `do_brk_flags` (6.x); `vma_merge` and `vma_link` in `do_brk` (2.6).
  mutating func growHeap(_ range: AddressRange) {
    let isNamed = profile.follows(.brkOnlyExpands)
    if isTraced && isNamed {
      path.enter(.doBrk, range)
      noteLimits(range.lengthInPages, charged: true, isData: true)
      noteMapCount(limits.maxMapCount)
    }
    defer { if isTraced && isNamed { path.leave() } }
    var flags: VMAFlags = [.read, .write, .mayRead, .mayWrite, .mayExec, .account]
    flags.formUnion(defaultFlags)
    let around = neighbours(of: range.start)
    let id = attributes.intern(MergeAttributes(flags: flags))
    if !joinHeap(range, id, around) {
      vmaLink(range, id, .none, between: around)
    } else {
      attributes.release(id)
    }
    if flags.contains(.locked) { populate(range, ignoringErrors: true) }
  }

  /// ```
  /// HHHH****   =>   HHHHHHHH     (H begins at or above start_brk)
  /// BBBB****   =>   BBBBHHHH     (B, .bss, ends at start_brk; in 2.6 it grows)
  /// ```
  private mutating func joinHeap(
    _ range: AddressRange, _ id: MergeID, _ around: VMANeighbours
  ) -> Bool {
    if !profile.follows(.brkOnlyExpands) {
      return vmaMergeNew(range, id, between: around) != nil
    }
    if around.previous.end == range.start && around.previous.end <= layout.startBrk {
      statistics.count(MergeOutcome(refusedPrevious: .heap))
      if isTraced { noteHeapRefusal(range, id, around.previous) }
      return false
    }
    return vmaMergeNew(range, id, kind: .heapGrowth, between: around) != nil
  }
}

/// What stays free below a mapping that grows down, in bytes: 256 pages.
let stackGuardGap: UInt64 = 256 << Page.shift
