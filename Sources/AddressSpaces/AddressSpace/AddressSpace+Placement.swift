public import SyscallABI

/// A mapping that is to be placed by the kernel.
public struct PlacementRequest: Hashable, Sendable, BitwiseCopyable {
  /// What the mapping is of, as far as its place depends on it.
  public enum Backing: UInt8, Sendable, BitwiseCopyable {
    case privateAnonymous
    /// Shared anonymous memory, SysV segments, tmpfs: placed like small mappings as long as
    /// shared memory has no huge pages.
    case sharedMemory
    /// A file on a file system that aligns mappings for huge pages, as most on disks do.
    case alignedFile
    case otherFile
  }

  /// In bytes; rounded up to pages.
  public var length: UInt64
  /// The address asked for; zero for none.
  public var hint: Address
  public var backing: Backing
  /// In bytes into the file; 0 for memory without one.
  public var offset: UInt64

  public init(
    length: UInt64, hint: Address = .zero, backing: Backing = .privateAnonymous,
    offset: UInt64 = 0
  ) {
    self.length = length
    self.hint = hint
    self.backing = backing
    self.offset = offset
  }
}

extension AddressSpace where Index: ~Copyable {
  /// Where the kernel puts a mapping that has no fixed address; nil if there is no room.
  ///
  /// The highest gap below `mmapBase` that fits, at its top; a hint is taken if there is room; what
  /// can hold huge pages is aligned to them. This is the rule since 3.8; 2.6 is `OldPlacement`.
  ///
  /// Nothing is kept for it between calls: a replay that does not ask pays nothing. Who asks often
  /// keeps a memo.
  ///
  /// - Complexity: O(VMAs above the place that is found).
  ///
  /// Linux: `__get_unmapped_area`, `arch_get_unmapped_area_topdown`, `vm_unmapped_area`.
  public borrowing func getUnmappedArea(_ request: PlacementRequest) -> Address? {
    var memo = PlacementMemo()
    return getUnmappedArea(request, &memo)
  }

  /// The same, with what earlier searches of this address space found out.
  ///
  /// - Complexity: O(log *n* + VMAs between the last place of about this size and the new one), as
  ///   long as nothing is unmapped.
  public borrowing func getUnmappedArea(
    _ request: PlacementRequest, _ memo: inout PlacementMemo
  ) -> Address? {
    guard let size = Page.align(request.length), size > 0, size <= taskSize.rawValue else {
      return nil
    }
    let hint = request.hint.roundedDownToPage
    if isAligned(request, size, hint), size <= UInt64.max - hugePageSize,
      let address = alignedArea(size, hint, request.offset, &memo)
    {
      return address
    }
    return area(size, hint, &memo)
  }

  /// Whether the mapping is placed as memory that can hold huge pages.
  private func isAligned(_ request: PlacementRequest, _ size: UInt64, _ hint: Address) -> Bool {
    switch request.backing {
    case .privateAnonymous:
      if hint != .zero || size < hugePageSize || !profile.follows(.alignsForHugePages) {
        return false
      }
      return size & (hugePageSize - 1) == 0 || !profile.follows(.alignsWholeHugePages)
    case .alignedFile:
      // A whole aligned huge page of the file has to be inside.
      let (first, overflow) = request.offset.addingReportingOverflow(hugePageSize - 1)
      if overflow || !profile.follows(.alignsFiles) { return false }
      let aligned = first & ~(hugePageSize - 1)
      let (end, wraps) = request.offset.addingReportingOverflow(size)
      return !wraps && end >= aligned && end - aligned >= hugePageSize
    case .sharedMemory, .otherFile: return false
    }
  }

  /// ```
  /// |<-- size + 2 MiB ------------>|
  ///      |<-- size ------->|            starts like its offset, modulo 2 MiB
  /// ```
  ///
  /// Linux: `__thp_get_unmapped_area`.
  private borrowing func alignedArea(
    _ size: UInt64, _ hint: Address, _ offset: UInt64, _ memo: inout PlacementMemo
  ) -> Address? {
    guard let found = area(size + hugePageSize, hint, &memo) else { return nil }
    if hint != .zero && found == hint { return found }
    let distance = (offset &- found.rawValue) & (hugePageSize - 1)
    // From the top, the upper end of the room is taken.
    return distance == 0 ? found &+ hugePageSize : found &+ distance
  }

  private borrowing func area(
    _ size: UInt64, _ hint: Address, _ memo: inout PlacementMemo
  ) -> Address? {
    if size > taskSize.rawValue { return nil }
    if hint != .zero && hint <= taskSize &- size {
      let above = index.search(hint)
      if hint &+ size <= lowestUse(of: above) { return hint }
    }
    return highestGap(size, &memo) ?? lowestGapAboveBase(size)
  }

  /// The first address that a VMA keeps for itself: what grows down has a gap below it.
  private borrowing func lowestUse(of entry: VMAEntry) -> Address {
    if entry.isNone { return Address(.max) }
    guard profile.follows(.stackGuardGap), attributes(of: entry).flags.contains(.growsDown)
    else { return entry.start }
    return entry.start.rawValue < stackGuardGap ? .zero : entry.start &- stackGuardGap
  }

  private borrowing func highestGap(_ size: UInt64, _ memo: inout PlacementMemo) -> Address? {
    memo.begin(freeings: freeings, base: mmapBase)
    let top = memo.highestEnd(ofRoomFor: size)
    let around = index.findPrepare(top)
    var end = min(top, lowestUse(of: around.next))
    var below = around.previous
    // Memory mapped into the gap below what grows down makes the room below that larger.
    var isSteady = end == top || end == around.next.start
    while true {
      // The first page is never given away.
      let start = below.isNone ? Address(Page.size) : below.end
      if end > start && end &- start >= size {
        if isSteady { memo.note(size, end: end) }
        return end &- size
      }
      if below.isNone { return nil }
      end = lowestUse(of: below)
      if end != below.start { isSteady = false }
      below = index.previous(below)
    }
  }

  private borrowing func lowestGapAboveBase(_ size: UInt64) -> Address? {
    var start = mmapBase
    var above = index.search(start)
    while true {
      if !above.isNone && above.start <= start {
        start = above.end
        above = index.next(above)
        continue
      }
      let end = min(taskSize, lowestUse(of: above))
      if end > start && end &- start >= size { return start }
      if above.isNone { return nil }
      start = above.end
      above = index.next(above)
    }
  }

  /// Takes `mmapBase` from the map right after a program was loaded: the end of the highest mapping
  /// below the stack, where the loader or the vdso is. Zero if there is none.
  public mutating func deriveMmapBase() {
    let stack = index.search(layout.startStack)
    guard layout.startStack != .zero, !stack.isNone, stack.start <= layout.startStack else {
      mmapBase = .zero
      return
    }
    mmapBase = index.previous(stack).end
  }
}

/// A huge page, in bytes.
let hugePageSize: UInt64 = 2 << 20
