public import SyscallABI

extension AddressSpace where Index: ~Copyable {
  /// A page fault that is known to have happened: a stack may grow to the page, and a VMA whose
  /// page is written privately gets its anon_vma.
  ///
  /// A fault at which the process was killed changes nothing.
  ///
  /// - Complexity: O(log *n*).
  ///
  /// Linux: `handle_mm_fault`, as far as it concerns VMAs.
  public mutating func pageFault(at address: Address, isWrite: Bool) {
    let page = address.roundedDownToPage
    var entry = index.find(page)
    if entry.isNone { return }
    if page < entry.start {
      guard let grown = expandStack(entry, to: page) else { return }
      entry = grown
    }
    let attributes = attributes(of: entry)
    if isWrite {
      if attributes.takesPrivateWrites { anonVMAPrepare(entry) }
    } else if attributes.flags.contains(.hugePage), attributes.isAnonymous,
      Self.containsHugePage(entry.range, around: page)
    {
      // A huge page is prepared for writing whatever the access was.
      anonVMAPrepare(entry)
    }
  }

  private static func containsHugePage(_ range: AddressRange, around page: Address) -> Bool {
    let start = Address(page.rawValue & ~(hugePageSize - 1))
    return range.start <= start && start &+ hugePageSize <= range.end
  }

  /// Lowers the start of a VMA with VM_GROWSDOWN to `page`, which it then owns as written memory.
  ///
  /// - Returns: the grown VMA; nil if it does not grow so far.
  ///
  /// Linux: `expand_downwards`, `acct_stack_growth`.
  private mutating func expandStack(_ entry: VMAEntry, to page: Address) -> VMAEntry? {
    let attributes = attributes(of: entry)
    guard attributes.flags.contains(.growsDown) else { return nil }
    let previous = index.previous(entry)
    if !previous.isNone {
      let below = self.attributes(of: previous).flags
      let isGuarded = !below.contains(.growsDown) && !below.isDisjoint(with: .access)
      if isGuarded && page &- previous.end < stackGuardGap { return nil }
    }
    let pages = (entry.start &- page) >> Page.shift
    if entry.end &- page > limits.stack || exceedsAddressSpaceLimit(pages) { return nil }
    if attributes.flags.contains(.locked) && mlockExceedsLimit(pages) { return nil }
    anonVMAPrepare(entry)
    let grown = setRange(entry, AddressRange(page, entry.end))
    finish(around: page)
    return grown
  }
}
