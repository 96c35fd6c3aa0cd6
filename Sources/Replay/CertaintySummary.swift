public import AddressSpaces

/// What a log leaves open of one process, or of all together.
public struct CertaintySummary: Hashable, Sendable {
  /// VMAs at the end of the process or of the log, at least and at most.
  public internal(set) var mapCountMin = 0
  public internal(set) var mapCountMax = 0
  /// The highest number of VMAs of a run is at least and at most this.
  public internal(set) var mapCountPeakMin = 0
  public internal(set) var mapCountPeakMax = 0
  /// Borders between touching pages at which a VMA ends in every run.
  public internal(set) var certainBoundaries = 0
  private var maybes = [Int](repeating: 0, count: Doubt.allCases.count)

  init() {}

  /// Borders at which a VMA ends in some runs, or may.
  public var maybeBoundaries: Int { maybes.reduce(0, +) }

  /// Those of them that `doubt` leaves open.
  public func maybeBoundaries(_ doubt: Doubt) -> Int { maybes[Int(doubt.rawValue)] }

  /// The number of VMAs is known.
  public var isCertain: Bool { mapCountMin == mapCountMax }

  mutating func notePeak(_ space: CertainAddressSpace) {
    mapCountPeakMin = max(mapCountPeakMin, space.mapCountMin)
    mapCountPeakMax = max(mapCountPeakMax, space.mapCountMax)
  }

  mutating func noteEnd(_ space: CertainAddressSpace) {
    notePeak(space)
    mapCountMin = space.mapCountMin
    mapCountMax = space.mapCountMax
    certainBoundaries = space.certainBoundaries
    for doubt in Doubt.allCases { maybes[Int(doubt.rawValue)] = space.maybeBoundaries(doubt) }
  }

  /// Adds another process to a total: counts add up, peaks are those of a single process.
  mutating func add(_ other: CertaintySummary) {
    mapCountMin += other.mapCountMin
    mapCountMax += other.mapCountMax
    mapCountPeakMin = max(mapCountPeakMin, other.mapCountPeakMin)
    mapCountPeakMax = max(mapCountPeakMax, other.mapCountPeakMax)
    certainBoundaries += other.certainBoundaries
    for index in maybes.indices { maybes[index] += other.maybes[index] }
  }
}
