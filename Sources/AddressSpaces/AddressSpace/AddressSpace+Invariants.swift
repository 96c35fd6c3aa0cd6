import SyscallABI

extension AddressSpace where Index: ~Copyable {
  /// Stops the program if the model contradicts itself.
  ///
  /// - Complexity: O(*n* log *n*).
  ///
  /// Linux: `validate_mm`.
  public borrowing func checkInvariants() {
    index.checkStructure()
    var seen = 0
    var counted = VMCounters()
    var previous = VMAEntry.none
    var holders: [UInt32: Int] = [:]
    var entry = index.first()
    while !entry.isNone {
      checkVMA(entry, after: previous)
      seen += 1
      counted.add(entry.range.lengthInPages, attributes(of: entry), vmas: 1)
      holders[slab[entry.handle].attributes.rawValue, default: 0] += 1
      previous = entry
      entry = index.next(entry)
    }
    for vma in mark.kept { holders[vma.record.attributes.rawValue, default: 0] += 1 }
    precondition(seen == mapCount, "map_count is wrong")
    precondition(seen == slab.statistics.objects, "the slab lost VMAs")
    precondition(counted == counters, "total_vm or another count of pages is wrong")
    if keepsObjects { checkObjects() }
    precondition(holders.count == attributes.count, "attributes live without a VMA")
    for (id, count) in holders {
      precondition(
        attributes.references(MergeID(rawValue: id)) == count, "references are miscounted")
    }
  }

  private borrowing func checkVMA(_ entry: VMAEntry, after previous: VMAEntry) {
    precondition(entry.start < entry.end, "a VMA is empty")
    precondition(entry.start.isPageAligned && entry.end.isPageAligned, "a VMA cuts a page")
    precondition(previous.end <= entry.start, "VMAs overlap or are out of order")
    precondition(!slab[entry.handle].isFree, "a VMA has no record")
  }

  #if CHECKED
    /// Complete up to 1,000 VMAs; above, the neighbourhood of the change, and everything now and
    /// then.
    mutating func checkAfterMutation(around address: Address) {
      mutations += 1
      if mapCount <= 1000 || mutations.isMultiple(of: 4096) {
        checkInvariants()
        return
      }
      let here = index.search(address)
      if here.isNone { return }
      let below = index.previous(here)
      checkVMA(here, after: below)
      let above = index.next(here)
      if !above.isNone { checkVMA(above, after: here) }
      if !below.isNone { checkVMA(below, after: index.previous(below)) }
    }
  #endif
}
