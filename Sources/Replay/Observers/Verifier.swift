public import AddressSpaces
public import SyscallABI

/// Compares the model with everything that the log knows of what the kernel did: the result of
/// each call, and the maps that the recording took.
public struct Verifier: ReplayObserver {
  /// One line of a map that only one side has.
  public enum Difference: Sendable {
    /// The kernel has it, the model does not.
    case missing(MapsEntry)
    /// The model has it, the kernel does not.
    case surplus(MapImage.Line)

    public var range: AddressRange {
      switch self {
      case .missing(let entry): entry.range
      case .surplus(let line): line.range
      }
    }
  }

  /// A recorded map that has been compared.
  public struct Comparison: Sendable {
    public var process: ProcessView
    public var moment: Snapshot.Moment
    public var line: UInt64
    public var source: UInt32
    /// VMAs in the kernel's map.
    public var vmaCount: Int
    public var differences: [Difference]
    /// Calls of other threads that had begun when the map was read and had not ended.
    public var callsInFlight = 0

    public var isExact: Bool { differences.isEmpty }
  }

  public private(set) var comparisons: [Comparison] = []
  public private(set) var divergences: [Divergence] = []
  /// Divergences of which only the number was kept.
  public private(set) var omittedDivergences: UInt64 = 0
  let matcher: MapMatcher
  private let pid: PID?
  private let divergenceLimit: Int
  /// The last map, while lines about calls in flight may follow it.
  private var open: OpenComparison?

  /// A recorded map that differs from the model as it is without the calls in flight.
  private struct OpenComparison {
    var kernel: [MapsEntry]
    var calls: [InflightCall] = []
  }

  /// - Parameters:
  ///   - pid: the only process to look at; nil for all.
  ///   - divergenceLimit: how many divergences to keep; the rest is counted.
  public init(paths: PathTable, pid: PID? = nil, divergenceLimit: Int = 1000) {
    matcher = MapMatcher(paths: paths)
    self.pid = pid
    self.divergenceLimit = divergenceLimit
  }

  public mutating func didDiverge(_ divergence: Divergence) {
    if let pid, pid != divergence.process { return }
    if divergences.count < divergenceLimit {
      divergences.append(divergence)
    } else {
      omittedDivergences += 1
    }
  }

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    if open != nil { open = nil }
  }

  public mutating func didMeet<Index: VMAIndex & ~Copyable>(
    _ snapshot: Snapshot, process: ProcessView, space: borrowing AddressSpace<Index>,
    files: FileTable
  ) {
    if let pid, pid != process.pid { return }
    if case .inflight(let call) = snapshot.content {
      return consider(call, space: space, files: files)
    }
    open = nil
    guard let moment = snapshot.moment, case .maps(let entries) = snapshot.content else { return }
    let image = MapImage(of: space, process: process, files: files)
    // The gate is the only line above the addresses of processes.
    let kernel = entries.filter { $0.range.end.rawValue <= UInt64(Int64.max) }
    comparisons.append(
      Comparison(
        process: process, moment: moment, line: snapshot.line, source: snapshot.source,
        vmaCount: kernel.count, differences: matcher.differences(kernel, image.lines)))
    open = OpenComparison(kernel: kernel)
  }

  /// A call in flight may or may not have had its effect: the map agrees if some of these calls
  /// make it so.
  private mutating func consider<Index: VMAIndex & ~Copyable>(
    _ call: InflightCall, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    guard open != nil, let last = comparisons.indices.last else { return }
    open!.calls.append(call)
    comparisons[last].callsInFlight = open!.calls.count
    if comparisons[last].isExact { return }
    var search = InflightSearch(
      kernel: open!.kernel, calls: open!.calls, process: comparisons[last].process,
      matcher: matcher, files: files)
    if search.finds(space) { comparisons[last].differences = [] }
  }
}
