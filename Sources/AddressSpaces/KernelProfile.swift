/// The version of a kernel, as `6.18.44`.
public struct KernelVersion: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var major: UInt16
  public var minor: UInt16
  public var patch: UInt16

  public init(_ major: UInt16, _ minor: UInt16, _ patch: UInt16 = 0) {
    self.major = major
    self.minor = minor
    self.patch = patch
  }

  public static func < (a: KernelVersion, b: KernelVersion) -> Bool {
    (a.major, a.minor, a.patch) < (b.major, b.minor, b.patch)
  }
}

/// A way in which kernels differ that changes an address space; named by what the newer ones do.
public enum KernelRule: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  /// VM_NORESERVE exists and keeps a mapping from being accounted later.
  case noReserveFlag
  /// maps calls every VMA that overlaps the heap's range `[heap]`; before, the one that spans it.
  case heapByOverlap
  /// mbind merges; before, it only splits.
  case mbindMerges
  /// At a fork every written VMA of the child gets an anon_vma of its own.
  case ownAnonVMAInChild
  /// Inherited written memory does not merge with unwritten memory.
  case forkChildStaysApart
  /// At the map limit, a munmap that trims one end of a VMA works.
  case trimNeedsNoReserve
  /// An mremap that grows a VMA in place may join it with the next one.
  case remapGrowthJoinsNext
  /// brk is bounded by start_brk and only extends the VMA below it.
  case brkOnlyExpands
  /// A VMA with a close hook may grow; before, it takes part in no merge at all.
  case closeHookMayGrow
  /// mprotect to read-only drops VM_ACCOUNT from memory that was never written.
  case accountDropped
  /// MAP_STACK sets VM_NOHUGEPAGE.
  case stackIsNoHugePage
  /// A written range may merge into an unwritten neighbour.
  case writtenJoinsUnwritten
  /// mremap with an old size of 0 is refused for private memory.
  case remapRefusesPrivateCopies
  /// mremap looks for the VMA before anything else; before, what shrinks in place is only unmapped.
  case remapLooksUpFirst
  /// mremap with MREMAP_FIXED moves several VMAs at once.
  case multiVMARemap
  /// mremap asks everything before it unmaps its target; before, a refusal leaves a hole there.
  case remapChecksFirst
  /// mremap takes huge pages.
  case remapMovesHugePages
  /// mremap answers ENOMEM if memory cannot be charged; before, EFAULT.
  case refusedChargeIsNoMemory
  /// What has no length overlaps nothing, not even what begins where it does.
  case emptyRemapOverlapsNothing
  /// remap_file_pages makes a new mapping; before, it made the VMA nonlinear, except of files on
  /// disk.
  case nonLinearIsEmulated
  /// VM_EXECUTABLE is gone, and `/proc/PID/exe` does not depend on what is mapped.
  case noExecutableFlag
  /// RLIMIT_DATA bounds the heap and the data segment together; before, what lies between the start
  /// of the data segment and the break.
  case dataLimitOfHeap
  /// RLIMIT_DATA bounds all private writable memory but stacks, whichever call makes it.
  case dataLimitOfWritable
  /// mmap compares with RLIMIT_AS before it clears the range; before, a refusal leaves a hole.
  case limitsBeforeUnmapping
  /// mremap with MREMAP_FIXED fails early near the map limit.
  case fixedRemapNeedsReserve
  /// A mapping without an address goes to the highest gap; before, on from the last one.
  case takesHighestGap
  /// `/proc/PID/status` counts data, code and stacks by flags; before, by what stands behind them.
  case countsDataByAccess
  /// A gap stays free below a mapping that grows down.
  case stackGuardGap
  /// Mappings of files on most file systems are aligned for huge pages.
  case alignsFiles
  /// Large anonymous mappings are aligned for huge pages.
  case alignsForHugePages
  /// Only those that consist of whole huge pages are.
  case alignsWholeHugePages
  /// Mappings that the kernel itself installs cannot be cut.
  case kernelMappingsStayWhole
}

/// The rules of one kernel version: a value, read at the few places where kernels differ.
public struct KernelProfile: Hashable, Sendable, BitwiseCopyable {
  public let version: KernelVersion
  private let rules: UInt64

  /// Where a threshold comes from.
  public enum Evidence: Sendable {
    /// Both sides, or the newer one, were observed on a running kernel.
    case measured
    /// Taken from the kernel's source or documentation.
    case documented
  }

  /// One row of the table: kernels from `since` on follow `rule`.
  public struct Threshold: Sendable {
    public var rule: KernelRule
    public var since: KernelVersion
    public var evidence: Evidence
  }

  public static var thresholds: [Threshold] {
    func row(_ rule: KernelRule, _ since: KernelVersion, _ evidence: Evidence) -> Threshold {
      Threshold(rule: rule, since: since, evidence: evidence)
    }
    // `measured` says that 6.18 was seen to follow the rule; the version is from documentation.
    return [
      row(.noReserveFlag, KernelVersion(2, 6, 23), .measured),
      row(.trimNeedsNoReserve, KernelVersion(2, 6, 33), .measured),
      row(.dataLimitOfHeap, KernelVersion(2, 6, 33), .documented),
      row(.mbindMerges, KernelVersion(2, 6, 34), .measured),
      row(.ownAnonVMAInChild, KernelVersion(2, 6, 34), .measured),
      row(.heapByOverlap, KernelVersion(2, 6, 39), .measured),
      row(.forkChildStaysApart, KernelVersion(3, 0), .measured),
      row(.takesHighestGap, KernelVersion(3, 8), .measured),
      row(.noExecutableFlag, KernelVersion(3, 7), .documented),
      row(.limitsBeforeUnmapping, KernelVersion(3, 10), .documented),
      row(.nonLinearIsEmulated, KernelVersion(4, 0), .measured),
      row(.refusedChargeIsNoMemory, KernelVersion(4, 1), .documented),
      row(.emptyRemapOverlapsNothing, KernelVersion(4, 3), .documented),
      row(.countsDataByAccess, KernelVersion(4, 5), .measured),
      row(.stackGuardGap, KernelVersion(4, 12), .measured),
      row(.remapRefusesPrivateCopies, KernelVersion(4, 14), .measured),
      row(.dataLimitOfWritable, KernelVersion(4, 7), .measured),
      row(.fixedRemapNeedsReserve, KernelVersion(5, 2), .measured),
      row(.kernelMappingsStayWhole, KernelVersion(5, 11), .measured),
      row(.remapLooksUpFirst, KernelVersion(5, 16), .measured),
      row(.remapMovesHugePages, KernelVersion(5, 16), .documented),
      row(.alignsFiles, KernelVersion(5, 18), .measured),
      row(.remapGrowthJoinsNext, KernelVersion(6, 0), .measured),
      row(.brkOnlyExpands, KernelVersion(6, 1), .measured),
      row(.closeHookMayGrow, KernelVersion(6, 5), .measured),
      row(.accountDropped, KernelVersion(6, 6), .measured),
      row(.stackIsNoHugePage, KernelVersion(6, 7), .measured),
      row(.alignsForHugePages, KernelVersion(6, 7), .measured),
      row(.alignsWholeHugePages, KernelVersion(6, 12), .measured),
      row(.writtenJoinsUnwritten, KernelVersion(6, 16), .measured),
      row(.multiVMARemap, KernelVersion(6, 17), .measured),
      row(.remapChecksFirst, KernelVersion(6, 17), .measured),
    ]
  }

  public init(version: KernelVersion) {
    self.version = version
    var rules: UInt64 = 0
    for row in Self.thresholds where row.since <= version {
      rules |= 1 << UInt64(row.rule.rawValue)
    }
    self.rules = rules
  }

  @inline(__always)
  public func follows(_ rule: KernelRule) -> Bool { rules & (1 << UInt64(rule.rawValue)) != 0 }

  /// The kernel whose `vma_merge` has the numbered cases: 2.6.32.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  public static let linux2_6 = KernelProfile(version: KernelVersion(2, 6, 32))
  /// 6.18, the default.
  public static let linux6 = KernelProfile(version: KernelVersion(6, 18, 44))

  /// Whether the order in which predicates are asked is that of the 2.6 kernels.
  var asksCloseHookFirst: Bool { !follows(.closeHookMayGrow) }

  /// mremap compares with limits though nothing grows. That ended between 2.6.33, which has other
  /// functions, and 6.17; which version it was is not known here, nor matters where nobody is above
  /// a limit.
  var asksLimitsOfEqualSizes: Bool { version < KernelVersion(2, 6, 33) }

  /// VMAs and files count truncations (`vm_truncate_count`).
  var countsTruncations: Bool { version < KernelVersion(3, 0) }
}
