public import SyscallABI
internal import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// The pages of `range` are written: private writable VMAs in it that have no anon_vma get one.
  ///
  /// VMAs that cannot be written privately, and holes, are passed over.
  ///
  /// - Complexity: O(log *n* + VMAs in `range`).
  ///
  /// Linux: `do_anonymous_page`, `do_cow_fault` as far as `vmf_anon_prepare`.
  public mutating func writeFault(in range: AddressRange) {
    if isTraced { path.enter(.writeFault, range) }
    defer { if isTraced { path.leave() } }
    if memo.mapped.start <= range.start && range.end <= memo.mapped.end {
      return writeFaultInMapped(range)
    }
    var entry = index.find(range.start)
    while !entry.isNone && entry.start < range.end {
      if attributes(of: entry).takesPrivateWrites { anonVMAPrepare(entry) }
      if entry.end >= range.end { return }
      entry = index.next(entry)
    }
  }

  /// The writes hit the VMA that was mapped last: nothing needs to be looked for.
  @inline(__always)
  private mutating func writeFaultInMapped(_ range: AddressRange) {
    let entry = memo.mapped
    index.noteFind(range.start, entry)
    guard attributes(of: entry).takesPrivateWrites, slab[entry.handle].anonVMA.isNone else {
      return
    }
    anonVMAPrepare(entry, between: memo.isNew ? memo.around : nil)
  }

  /// Gives a VMA its anon_vma, unless it has one: that of a neighbour with which it could merge
  /// once both have the same access, else a new one.
  ///
  /// Linux: `__anon_vma_prepare`, `find_mergeable_anon_vma`.
  mutating func anonVMAPrepare(_ entry: VMAEntry, between: VMANeighbours? = nil) {
    if !slab[entry.handle].anonVMA.isNone { return }
    if origins.isOn { noteWrite(entry) }
    let mine = attributes(of: entry)
    let next = between?.next ?? index.next(entry)
    var isAdopted = true
    defer {
      if isTraced {
        path.enter(.anonVMAPrepare, entry.range)
        path.note(.gotAnonVMA(vma(entry), isAdopted: isAdopted))
        path.leave()
      }
    }
    if next.start == entry.end, let anonVMA = adoptable(from: next, for: mine) {
      setAnonVMA(entry, anonVMA)
      return
    }
    let previous = between?.previous ?? index.previous(entry)
    if previous.end == entry.start, let anonVMA = adoptable(from: previous, for: mine) {
      setAnonVMA(entry, anonVMA)
      return
    }
    isAdopted = false
    setAnonVMA(entry, newAnonVMA(inChild: false))
  }

  /// Linux: `reusable_anon_vma`, `anon_vma_compatible`.
  private borrowing func adoptable(
    from neighbour: VMAEntry, for mine: MergeAttributes
  ) -> AnonVMA? {
    if neighbour.isNone { return nil }
    let anonVMA = slab[neighbour.handle].anonVMA
    if anonVMA.isNone || anonVMA.isForkChild { return nil }
    let theirs = attributes(of: neighbour)
    let differing = mine.flags.symmetricDifference(theirs.flags)
    guard differing.isSubset(of: .access), mine.file == theirs.file, mine.linear == theirs.linear,
      mine.policy == theirs.policy
    else { return nil }
    return anonVMA
  }

  /// From now on no page is ever written, whichever call does it: said before any VMA is there.
  public mutating func ignoreWrites() {
    ignoresWrites = true
    // No identity is left to give.
    nextAnonVMA = AnonVMA.forkChildBit
  }

  mutating func newAnonVMA(inChild: Bool) -> AnonVMA {
    if nextAnonVMA == AnonVMA.forkChildBit {
      if ignoresWrites { return .none }
      renumberAnonVMAs()
    }
    let identity = nextAnonVMA
    nextAnonVMA += 1
    return AnonVMA(rawValue: identity | (inChild ? AnonVMA.forkChildBit : 0))
  }

  /// After two billion identities, those of the living are made small again.
  private mutating func renumberAnonVMAs() {
    var renumbered: [UInt32: UInt32] = [:]
    nextAnonVMA = 1
    var entry = index.first()
    while !entry.isNone {
      let old = slab[entry.handle].anonVMA.rawValue
      if old != 0 {
        let identity = old & ~AnonVMA.forkChildBit
        let new = renumbered[identity] ?? nextAnonVMA
        if new == nextAnonVMA {
          renumbered[identity] = new
          nextAnonVMA += 1
        }
        setAnonVMA(entry, AnonVMA(rawValue: new | old & AnonVMA.forkChildBit))
      }
      entry = index.next(entry)
    }
  }

  /// Faults pages in as the kernel does by itself: for writing where that breaks a private copy,
  /// else for reading, which leaves no trace in the VMAs.
  ///
  /// Returns the error at which a populate that must succeed stops; VMAs before it are populated.
  ///
  /// Linux: `__mm_populate`, `populate_vma_page_range`.
  @discardableResult
  mutating func populate(_ range: AddressRange, ignoringErrors: Bool) -> Errno? {
    if isTraced { path.enter(.makePagesPresent, range) }
    defer { if isTraced { path.leave() } }
    var entry = index.search(range.start)
    while !entry.isNone && entry.start < range.end {
      let attributes = self.attributes(of: entry)
      if attributes.flags.isDisjoint(with: [.io, .pfnMap]),
        !attributes.flags.contains(.lockOnFault)
      {
        if attributes.takesPrivateWrites {
          anonVMAPrepare(entry)
        } else if let errno = populateError(attributes), !ignoringErrors {
          if isTraced { noteFailure(errno) }
          return errno
        }
      }
      entry = index.next(entry)
    }
    return nil
  }

  /// Why the pages of a VMA cannot be touched for reading; `.badAddress` as inside the kernel.
  ///
  /// Linux: `check_vma_flags`.
  func populateError(_ attributes: MergeAttributes) -> Errno? {
    let access = attributes.flags.intersection(.access)
    if access.isEmpty || access == .exec && limits.hasProtectionKeys { return .badAddress }
    return nil
  }
}
