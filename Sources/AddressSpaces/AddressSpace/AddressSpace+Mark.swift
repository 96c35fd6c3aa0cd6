import SyscallABI

// The way back to a moment of which only later moments tell that it matters, such as the peak.

extension AddressSpace where Index: ~Copyable {
  /// Marks this moment, instead of the one marked before: `returnToMark` comes back to it.
  ///
  /// - Complexity: O(VMAs that changed since the mark before).
  public mutating func setMark() {
    releaseKept()
    mark.set(currentBreak: currentBreak, layout: layout)
  }

  /// Forgets the mark.
  public mutating func clearMark() {
    releaseKept()
    mark.clear()
  }

  /// Makes the VMAs what they were at the mark, with their origins, and forgets the mark. Sums,
  /// statistics and flags for new mappings stay as they are now.
  ///
  /// - Precondition: a mark is set.
  /// - Complexity: O(*n* + *k* log *n*) for *k* VMAs that changed since.
  public mutating func returnToMark() {
    precondition(mark.isSet, "there is no mark")
    let kept = mark.kept
    (currentBreak, layout) = (mark.currentBreak, mark.layout)
    mark.forgetKept()
    if mark.hasChanges {
      removeVMAs { $0.hasChanged($1) }
      for vma in kept { restore(vma) }
    }
    mark.clear()
    freeings &+= 1
    finish(around: .zero)
  }

  /// Takes over the reference of what was kept.
  private mutating func restore(_ vma: VMAMark.KeptVMA) {
    let around = index.findPrepare(vma.range.start)
    let entry = vmaLink(
      vma.range, vma.record.attributes, vma.record.anonVMA, between: around)
    if origins.isOn { origins[entry.handle] = vma.origins }
  }

  /// A VMA is about to change. To be called by whatever writes to `index`, `slab` or `origins`.
  @inline(__always)
  mutating func keepForMark(_ entry: VMAEntry) {
    if mark.isSet { keepIfFirst(entry) }
  }

  @inline(never)
  private mutating func keepIfFirst(_ entry: VMAEntry) {
    guard mark.noteChange(of: entry.handle) else { return }
    let record = slab[entry.handle]
    attributes.retain(record.attributes)
    mark.keep(
      VMAMark.KeptVMA(
        range: entry.range, record: record,
        origins: origins.isOn ? origins[entry.handle] : .unknown))
  }

  private mutating func releaseKept() {
    if mark.kept.isEmpty { return }
    for vma in mark.kept { attributes.release(vma.record.attributes) }
    mark.forgetKept()
  }

  /// Visits the file description of every VMA that is there, or was there at the mark, and of the
  /// program.
  ///
  /// - Complexity: O(*n*).
  public borrowing func forEachFile(_ body: (FileDescriptionID) -> Void) {
    index.forEachEntry { body(attributes[slab[$0.handle].attributes].file) }
    for vma in mark.kept { body(attributes[vma.record.attributes].file) }
    body(exeFile)
  }
}
