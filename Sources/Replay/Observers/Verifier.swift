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
  }

  /// A recorded map that has been compared.
  public struct Comparison: Sendable {
    public var process: ProcessView
    public var moment: Snapshot.Moment
    public var line: UInt64
    /// VMAs in the kernel's map.
    public var vmaCount: Int
    public var differences: [Difference]

    public var isExact: Bool { differences.isEmpty }
  }

  public private(set) var comparisons: [Comparison] = []
  public private(set) var divergences: [Divergence] = []
  /// Divergences of which only the number was kept.
  public private(set) var omittedDivergences: UInt64 = 0
  private let heapName: FileID
  private let stackName: FileID
  private let divergenceLimit: Int

  /// - Parameter divergenceLimit: how many divergences to keep; the rest is counted.
  public init(paths: PathTable, divergenceLimit: Int = 1000) {
    heapName = paths.intern("[heap]")
    stackName = paths.intern("[stack]")
    self.divergenceLimit = divergenceLimit
  }

  public mutating func didDiverge(_ divergence: Divergence) {
    if divergences.count < divergenceLimit {
      divergences.append(divergence)
    } else {
      omittedDivergences += 1
    }
  }

  public mutating func didMeet<Index: VMAIndex & ~Copyable>(
    _ snapshot: Snapshot, process: ProcessView, space: borrowing AddressSpace<Index>,
    files: FileTable
  ) {
    guard let moment = snapshot.moment, case .maps(let entries) = snapshot.content else { return }
    let image = MapImage(of: space, process: process, files: files)
    // The gate is the only line above the addresses of processes.
    let kernel = entries.filter { $0.range.end.rawValue <= UInt64(Int64.max) }
    comparisons.append(
      Comparison(
        process: process, moment: moment, line: snapshot.line, vmaCount: kernel.count,
        differences: differences(kernel, image.lines)))
  }

  /// Walks both maps in address order.
  private func differences(_ kernel: [MapsEntry], _ model: [MapImage.Line]) -> [Difference] {
    var differences: [Difference] = []
    var (k, m) = (0, 0)
    while k < kernel.count || m < model.count {
      if k < kernel.count, m < model.count, isSame(kernel[k], model[m]) {
        k += 1
        m += 1
      } else if m == model.count
        || (k < kernel.count && kernel[k].range.start <= model[m].range.start)
      {
        differences.append(.missing(kernel[k]))
        k += 1
      } else {
        differences.append(.surplus(model[m]))
        m += 1
      }
    }
    return differences
  }

  private func isSame(_ entry: MapsEntry, _ line: MapImage.Line) -> Bool {
    let shown = line.flags.intersection([.read, .write, .exec, .mayShare])
    return entry.range == line.range && entry.offset == line.offset
      && entry.permissions.intersection([.read, .write, .exec, .mayShare]) == shown
      && isSame(entry.name, line.name)
  }

  private func isSame(_ name: FileID, _ other: MapImage.Name) -> Bool {
    switch other {
    case .none: name == .none
    case .heap: name == heapName
    case .stack: name == stackName
    case .file(let id): name == id
    }
  }
}
