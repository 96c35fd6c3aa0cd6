public import SyscallABI

/// Two VMAs that touch, and everything in which they differ.
public struct VMABoundary: Hashable, Sendable {
  public var lower: VMA
  public var upper: VMA
  /// All that differs, in the order of `Cause`; empty if only a merge was never tried.
  public var differences: Causes
  /// The flags that differ, prot and sharing left out.
  public var differingFlags: VMAFlags

  /// Why two VMAs that touch are two, in the order in which the first cause is chosen.
  public enum Cause: UInt8, CaseIterable, Sendable, BitwiseCopyable {
    case special, prot, shared, file, offset, flags, policy, name, userfaultfd, closeHook, heap
    case anonVMA
    /// All is equal, but no call tried a merge since they became so.
    case notTried

    /// The name in reports.
    public var label: StaticString {
      switch self {
      case .special: "special"
      case .prot: "prot"
      case .shared: "shared"
      case .file: "file"
      case .offset: "offset"
      case .flags: "flags"
      case .policy: "policy"
      case .name: "name"
      case .userfaultfd: "userfaultfd"
      case .closeHook: "close_hook"
      case .heap: "heap"
      case .anonVMA: "anon_vma"
      case .notTried: "not_tried"
      }
    }

    /// The two VMAs could not be one without changing what the program sees.
    public var isNeeded: Bool { rawValue <= Cause.offset.rawValue }
  }

  /// A set of causes.
  public struct Causes: OptionSet, Hashable, Sendable, BitwiseCopyable {
    public var rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    init(_ cause: Cause) { rawValue = 1 << UInt16(cause.rawValue) }

    public func contains(_ cause: Cause) -> Bool { rawValue & Causes(cause).rawValue != 0 }

    var first: Cause {
      if isEmpty { return .notTried }
      return Cause(rawValue: UInt8(truncatingIfNeeded: rawValue.trailingZeroBitCount)) ?? .notTried
    }

    var isAlone: Bool { rawValue.nonzeroBitCount <= 1 }
  }

  public init(lower: VMA, upper: VMA, differences: Causes, differingFlags: VMAFlags) {
    self.lower = lower
    self.upper = upper
    self.differences = differences
    self.differingFlags = differingFlags
  }

  /// The first cause; `.notTried` if nothing differs.
  public var cause: Cause { differences.first }

  /// Mending this one cause would make the two one.
  public var isAlone: Bool { differences.isAlone }
}

/// How many touching pairs there are, by first cause.
public struct BoundaryCounts: Hashable, Sendable {
  /// Pairs by first cause.
  private var counts = InlineCounts<13>()
  /// Those of them that differ in nothing else.
  private var aloneCounts = InlineCounts<13>()

  public init() {}

  /// Pairs whose first cause is `cause`.
  public subscript(cause: VMABoundary.Cause) -> Int { Int(counts[Int(cause.rawValue)]) }

  /// Pairs that differ in nothing but `cause`.
  public func alone(_ cause: VMABoundary.Cause) -> Int {
    Int(aloneCounts[Int(cause.rawValue)])
  }

  public var total: Int { VMABoundary.Cause.allCases.reduce(0) { $0 + self[$1] } }

  /// Pairs that differ only in what a program does not see.
  public var missedMerges: Int {
    VMABoundary.Cause.allCases.reduce(0) { $0 + ($1.isNeeded ? 0 : self[$1]) }
  }

  public mutating func add(_ boundary: VMABoundary) { add(boundary.differences) }

  mutating func add(_ differences: VMABoundary.Causes) {
    let cause = Int(differences.first.rawValue)
    counts[cause] += 1
    if differences.isAlone { aloneCounts[cause] += 1 }
  }

  /// Adds the counts of another address space.
  public mutating func add(_ other: BoundaryCounts) {
    counts.add(other.counts)
    aloneCounts.add(other.aloneCounts)
  }
}

extension AddressSpace where Index: ~Copyable {
  /// Every pair of VMAs that touch, in address order, with all that keeps them apart.
  ///
  /// - Complexity: O(*n*).
  public borrowing func forEachBoundary(_ body: (VMABoundary) -> Void) {
    forEachVMA { _, below in
      if let below { body(below) }
    }
  }

  /// Every VMA in address order, with the boundary to the one below if they touch.
  ///
  /// - Complexity: O(*n*).
  public borrowing func forEachVMA(_ body: (_ vma: VMA, _ below: VMABoundary?) -> Void) {
    var entry = index.first()
    if entry.isNone { return }
    var lower = vma(entry)
    var lowerRecord = slab[entry.handle]
    body(lower, nil)
    while true {
      entry = index.next(entry)
      if entry.isNone { return }
      let upper = vma(entry)
      let upperRecord = slab[entry.handle]
      if upper.range.start == lower.range.end {
        let (causes, flags) = differences(
          lowerRecord.anonVMA, attributes[lowerRecord.attributes],
          entry, upperRecord.anonVMA, attributes[upperRecord.attributes])
        body(
          upper,
          VMABoundary(lower: lower, upper: upper, differences: causes, differingFlags: flags))
      } else {
        body(upper, nil)
      }
      (lower, lowerRecord) = (upper, upperRecord)
    }
  }

  /// The touching pairs, counted by first cause.
  ///
  /// - Complexity: O(*n*).
  public borrowing func boundaryCounts() -> BoundaryCounts { boundariesAndStatus().boundaries }

  /// The touching pairs by first cause, and the lines of `/proc/PID/status`, in one walk.
  ///
  /// - Complexity: O(*n*).
  public borrowing func boundariesAndStatus() -> (boundaries: BoundaryCounts, status: VMStatus) {
    var counts = BoundaryCounts()
    var pages = VMStatus.Pages()
    var (lowerEnd, lower) = (Address.zero, VMARecord.free)
    var lowerAttributes = MergeAttributes(flags: [])
    index.forEachEntry { entry in
      let upper = slab[entry.handle]
      let attributes = self.attributes[upper.attributes]
      if entry.start == lowerEnd && !lower.isFree {
        counts.add(
          differences(lower.anonVMA, lowerAttributes, entry, upper.anonVMA, attributes).causes)
      }
      pages.add(entry.range.lengthInPages, attributes.flags)
      (lowerEnd, lower, lowerAttributes) = (entry.end, upper, attributes)
    }
    return (counts, status(of: pages))
  }

  /// All in which two neighbours differ.
  @inline(__always)
  private borrowing func differences(
    _ lowerAnonVMA: AnonVMA, _ lower: MergeAttributes,
    _ upperEntry: VMAEntry, _ upperAnonVMA: AnonVMA, _ upper: MergeAttributes
  ) -> (causes: VMABoundary.Causes, flags: VMAFlags) {
    var causes: VMABoundary.Causes = []
    func note(_ cause: VMABoundary.Cause, _ differs: Bool) {
      if differs { causes.formUnion(VMABoundary.Causes(cause)) }
    }
    let sharing = VMAFlags(rawValue: VMAFlags.shared.rawValue | VMAFlags.mayShare.rawValue)
    let differing = lower.flags.symmetricDifference(upper.flags)
    let others = differing.subtracting(.access).subtracting(sharing).subtracting(.softDirty)
    note(.special, !lower.flags.union(upper.flags).isDisjoint(with: .special))
    note(.prot, !differing.isDisjoint(with: .access))
    note(.shared, !differing.isDisjoint(with: sharing))
    note(.file, lower.file != upper.file)
    // Between a file and no file there is nothing to continue.
    note(
      .offset, (lower.file == .none) == (upper.file == .none) && lower.linear != upper.linear)
    note(.flags, !others.isEmpty)
    note(.policy, lower.policy != upper.policy)
    note(.name, lower.name != upper.name)
    note(.userfaultfd, lower.userfault != upper.userfault)
    note(.closeHook, lower.hasCloseHook && upper.hasCloseHook)
    note(.heap, upper.file == .none && isStartOfHeap(upperEntry.start))
    note(.anonVMA, !anonVMAsFit(lowerAnonVMA, upperAnonVMA))
    return (causes, others)
  }

  /// brk never extends what ends at the start of the heap.
  private func isStartOfHeap(_ start: Address) -> Bool {
    profile.follows(.brkOnlyExpands) && start == layout.startBrk.roundedUpToPage
      && start < currentBreak && layout.startBrk != .zero
  }

  @inline(__always)
  private func anonVMAsFit(_ lower: AnonVMA, _ upper: AnonVMA) -> Bool {
    lower == upper
      || isMergeableAnonVMA(
        target: lower, source: upper, sourceIsForkChild: upper.isForkChild, profile)
      || isMergeableAnonVMA(
        target: upper, source: lower, sourceIsForkChild: lower.isForkChild, profile)
  }
}
