import SyscallABI

/// What VMAs were at a marked moment, as far as they have changed since.
///
/// Setting a mark costs nothing but forgetting the one before; after it the first change of each
/// VMA keeps what it was.
///
/// ```
/// mark:    AAAA  BBBB  CCCC
/// now:     AAAA    BB  CC NN      kept: BBBB, CCCC
/// ```
struct VMAMark: ~Copyable {
  struct KeptVMA: BitwiseCopyable {
    var range: AddressRange
    var record: VMARecord
    var origins: VMAOrigins
  }

  private(set) var isSet = false
  /// A VMA has changed, come or gone since.
  private(set) var hasChanges = false
  /// What changed since, each as it was, in the order of the first changes. Each holds a reference
  /// to its attributes.
  private(set) var kept: [KeptVMA] = []
  /// Of the address space.
  private(set) var currentBreak = Address.zero
  private(set) var layout = ProcessStat()

  /// For each slot the mark after which it changed last.
  private var lastChanges: SlotArray<UInt32>
  private var number: UInt32 = 0

  init() { lastChanges = SlotArray(capacity: 0, filler: 0) }

  /// - Precondition: nothing is kept.
  mutating func set(currentBreak: Address, layout: ProcessStat) {
    precondition(kept.isEmpty)
    isSet = true
    hasChanges = false
    self.currentBreak = currentBreak
    self.layout = layout
    number &+= 1
    if number == 0 {
      lastChanges = SlotArray(capacity: 0, filler: 0)
      number = 1
    }
  }

  mutating func forgetKept() { kept.removeAll(keepingCapacity: true) }

  mutating func clear() {
    isSet = false
    kept = []
  }

  /// Whether a slot has changed since the mark.
  func hasChanged(_ handle: VMA.Handle) -> Bool {
    Int(handle.slot) < lastChanges.capacity && lastChanges[handle.slot] == number
  }

  /// Notes that a slot changes; true for the first time since the mark.
  mutating func noteChange(of handle: VMA.Handle) -> Bool {
    lastChanges.ensure(handle.slot, filler: 0)
    if lastChanges[handle.slot] == number { return false }
    lastChanges[handle.slot] = number
    hasChanges = true
    return true
  }

  /// A slot that was free is taken into use.
  mutating func noteNew(_ handle: VMA.Handle) { _ = noteChange(of: handle) }

  mutating func keep(_ vma: KeptVMA) { kept.append(vma) }
}
