public import AddressSpaces
public import SyscallABI

/// How one address space grew and shrank, in a bounded number of points.
public struct Timeline: Sendable {
  /// A stretch of calls: what was the most in it, and what was there at its end.
  public struct Point: Sendable {
    /// The last line of the stretch.
    public var line: UInt64
    public var time: SyscallEvent.Timestamp
    /// The most VMAs in the stretch, and the line on which it had them first.
    public var mapCountPeak: Int
    public var peakLine: UInt64
    public var mapCount: Int
    /// In pages, at the end of the stretch; so are the next four, which add up to it.
    public var mapped: UInt64
    public var heap: UInt64
    public var stack: UInt64
    public var file: UInt64
    /// Neither heap nor stack nor a file.
    public var anonymous: UInt64
    public var holes: Int
    public var missedMerges: Int
  }

  public var pid = PID.none
  public var program = FileID.none
  public internal(set) var points: [Point] = []
}

/// Samples one address space. When there are twice as many points as asked for, two neighbours
/// become one and the stretches twice as long.
public struct TimelineObserver: ReplayObserver {
  public private(set) var timeline = Timeline()
  private let ordinal: Int
  private let limit: Int
  /// Calls in a stretch.
  private var stride = 1
  private var callsInStretch = 0
  private var peak = 0
  private var peakLine: UInt64 = 0
  private var last: (line: UInt64, time: SyscallEvent.Timestamp) = (0, .none)

  /// - Parameters:
  ///   - ordinal: the process to watch.
  ///   - limit: the most points to keep, 2 or more.
  public init(ordinal: Int, limit: Int) {
    self.ordinal = ordinal
    self.limit = max(limit, 2)
  }

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    guard process.ordinal == ordinal else { return }
    timeline.pid = process.pid
    timeline.program = process.program
    last = (event.line, event.time)
    if callsInStretch == 0 || space.mapCount > peak {
      peak = space.mapCount
      peakLine = event.line
    }
    callsInStretch += 1
    if callsInStretch == stride { endStretch(space) }
  }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    if process.ordinal == ordinal && callsInStretch > 0 { endStretch(space) }
    if process.ordinal == ordinal && timeline.points.count > limit { halve() }
  }

  private mutating func endStretch<Index: VMAIndex & ~Copyable>(
    _ space: borrowing AddressSpace<Index>
  ) {
    var point = Timeline.Point(
      line: last.line, time: last.time, mapCountPeak: peak, peakLine: peakLine,
      mapCount: space.mapCount, mapped: space.totalVM, heap: 0, stack: 0, file: 0, anonymous: 0,
      holes: 0, missedMerges: space.boundaryCounts().missedMerges)
    var end: Address?
    space.forEachVMA { vma in
      let pages = vma.range.lengthInPages
      if vma.file != .none {
        point.file += pages
      } else if space.isHeap(vma) {
        point.heap += pages
      } else if space.isStack(vma) {
        point.stack += pages
      } else {
        point.anonymous += pages
      }
      if let end, end != vma.range.start { point.holes += 1 }
      end = vma.range.end
    }
    timeline.points.append(point)
    callsInStretch = 0
    if timeline.points.count == limit * 2 {
      halve()
      stride *= 2
    }
  }

  private mutating func halve() {
    var kept: [Timeline.Point] = []
    kept.reserveCapacity(limit * 2)
    for index in Swift.stride(from: 0, to: timeline.points.count, by: 2) {
      let first = timeline.points[index]
      guard index + 1 < timeline.points.count else {
        kept.append(first)
        break
      }
      var both = timeline.points[index + 1]
      if first.mapCountPeak >= both.mapCountPeak {
        both.mapCountPeak = first.mapCountPeak
        both.peakLine = first.peakLine
      }
      kept.append(both)
    }
    timeline.points = kept
  }
}
