public import SyscallABI
public import SystemPackage

/// The way that one call took through the kernel's functions, noted while the model went it.
public struct CallPath: Sendable {
  /// One thing that happened, in the order in which it did.
  public struct Step: Sendable {
    /// How many functions it happened inside of.
    public var depth: Int
    public var event: Event
  }

  public enum Event: Sendable {
    /// A function began; what follows deeper happened in it.
    case function(KernelFunction, AddressRange?)
    case check(CallCheck, passed: Bool)
    /// The next VMA at or above an address, found in the way; nil if there is none.
    case found(VMA?)
    /// A neighbour that could take the range up.
    case mergeable(VMA)
    /// A neighbour that could not: `wanted` is what the range is to be.
    case refused(MergeRefusal, wanted: VMA, present: VMA)
    /// No VMA of this side touches the range, or its kind may not be joined across that border.
    case noNeighbour(isBelow: Bool)
    case merged(MergeCase)
    case notMerged
    case adjusted(AdjustArm)
    case linked(VMA)
    case removed(VMA)
    case resized(VMA, from: AddressRange)
    /// Other attributes for the whole of a VMA.
    case became(VMA, from: VMA)
    /// A VMA got an anon_vma; `isAdopted` from a neighbour.
    case gotAnonVMA(VMA, isAdopted: Bool)
    /// The VMA is as the call wants it.
    case unchanged(VMA)
    /// So many VMAs of the program there are now; with the last one its file is let go.
    case exeFileVMAs(UInt64)
    /// Nothing is mapped from here on.
    case hole(Address)
    /// The kernel of the profile does not know the call, or what is asked of it.
    case unknown
    case failed(Errno)
  }

  public private(set) var steps: [Step] = []

  public init() {}

  /// The path of the present call is being noted.
  var isOn = false
  private var depth = 0

  mutating func begin() {
    self = CallPath()
    isOn = true
  }

  mutating func enter(_ function: KernelFunction, _ range: AddressRange? = nil) {
    note(.function(function, range))
    depth += 1
  }

  mutating func leave() { depth -= 1 }

  mutating func note(_ event: Event) { steps.append(Step(depth: depth, event: event)) }
}

/// What a call has to pass before it changes anything.
public enum CallCheck: Sendable {
  /// The break is not below the end of the code (2.6) or the start of the heap (6.x).
  case lowestBreak(Address)
  /// The range ends at or below TASK_SIZE.
  case taskSize
  /// RLIMIT_DATA, in bytes.
  case dataLimit(UInt64)
  /// `map_count` and what it is compared with.
  case mapCount(Int, limit: Int)
  /// RLIMIT_AS: pages wanted on top of `total_vm`, and the limit in bytes.
  case addressSpace(pages: UInt64, total: UInt64, limit: UInt64)
  /// RLIMIT_MEMLOCK: pages wanted on top of `locked_vm`, and the limit in bytes.
  case memLock(pages: UInt64, locked: UInt64, limit: UInt64)
  /// Pages to be charged against what there is.
  case memory(pages: UInt64)
  /// Nothing is mapped in this range.
  case free(AddressRange)
  /// The arguments: alignment, length, type, flags.
  case arguments
}
