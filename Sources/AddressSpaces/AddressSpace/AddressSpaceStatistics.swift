/// What happened to an address space so far.
public struct AddressSpaceStatistics: Hashable, Sendable {
  private var mergeCounts = InlineCounts<9>()
  private var refusalCounts = InlineCounts<10>()
  private var armCounts = InlineCounts<6>()
  /// VMAs that were cut in two, and VMAs of which one end was cut off.
  public internal(set) var splits: UInt64 = 0
  /// Calls, advice and flags that the kernel of the profile does not know.
  public internal(set) var unknownToProfile: UInt64 = 0
  /// The most VMAs after any call.
  public internal(set) var mapCountPeak = 0
  /// The largest `total_vm` after any call, in pages (`hiwater_vm`).
  public internal(set) var totalVMPeak: UInt64 = 0

  public init() {}

  public func merges(_ mergeCase: MergeCase) -> UInt64 {
    mergeCounts[Int(mergeCase.rawValue)]
  }

  public func refusals(_ reason: MergeRefusal) -> UInt64 { refusalCounts[Int(reason.rawValue)] }

  /// How often borders were moved in this way.
  public func adjustments(_ arm: AdjustArm) -> UInt64 { armCounts[Int(arm.rawValue)] }

  @inline(__always)
  mutating func count(_ arm: AdjustArm) { armCounts[Int(arm.rawValue)] &+= 1 }

  @inline(__always)
  mutating func count(_ outcome: MergeOutcome) {
    if let mergeCase = outcome.mergeCase { mergeCounts[Int(mergeCase.rawValue)] &+= 1 }
    if let reason = outcome.refusedPrevious { refusalCounts[Int(reason.rawValue)] &+= 1 }
    if let reason = outcome.refusedNext { refusalCounts[Int(reason.rawValue)] &+= 1 }
  }

  /// Adds the counts of another address space; peaks become the larger of both.
  public mutating func add(_ other: AddressSpaceStatistics) {
    mergeCounts.add(other.mergeCounts)
    refusalCounts.add(other.refusalCounts)
    armCounts.add(other.armCounts)
    splits += other.splits
    unknownToProfile += other.unknownToProfile
    mapCountPeak = max(mapCountPeak, other.mapCountPeak)
    totalVMPeak = max(totalVMPeak, other.totalVMPeak)
  }
}
