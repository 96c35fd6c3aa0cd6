public import AddressSpaces
public import SyscallABI

/// An address space at one moment, taken apart: map_count = 1 + holes + boundaries.
public struct Explanation: Sendable {
  /// Two touching VMAs, what keeps them apart, and who made each side so.
  public struct Boundary: Sendable {
    public var pair: VMABoundary
    /// For each side, the call that set the value in which they first differ; nil if it was there
    /// when the log first shows the address space.
    public var lowerSetter: RecordedCall?
    public var upperSetter: RecordedCall?
    /// The call after which no other has touched either side here; only for `.notTried`.
    public var equalSince: RecordedCall?
    /// It depends on which pages were written, which no log shows.
    public var isAssumed: Bool

    /// The later of the two setters.
    public var setter: RecordedCall? {
      guard let lowerSetter else { return upperSetter }
      guard let upperSetter else { return lowerSetter }
      return lowerSetter.line > upperSetter.line ? lowerSetter : upperSetter
    }
  }

  /// A gap between two VMAs.
  public struct Hole: Sendable {
    public enum Maker: Hashable, Sendable {
      /// Nothing was mapped there since the log began: where the kernel put things.
      case neverMapped
      /// The kernel aligned the mapping below to 2 MiB.
      case kernelAlignment
      /// The head or tail of a mapping was cut off again, to align it.
      case trim
      case call
    }

    public var range: AddressRange
    public var maker: Maker
    /// The call that made it; nil where nothing was ever mapped.
    public var call: RecordedCall?
  }

  /// VMAs that touch each other, up to the next hole.
  public struct Run: Sendable {
    public var range: AddressRange
    public var vmaCount: Int
    public var missedMerges: Int
    /// What the largest VMA in it is.
    public var name: MapImage.Name
  }

  public var process: ProcessView
  /// The last line of the log that was applied; nil at the end of the log.
  public var position: PeakFinder.Position?
  public var mapCount = 0
  public var counts = BoundaryCounts()
  public var boundaries = Boundaries()
  public var holes: [Hole] = []
  public var runs: [Run] = []
  /// The paths of the files that stand behind VMAs of the boundaries.
  public var fileNames: [FileDescriptionID: FileID] = [:]
}
