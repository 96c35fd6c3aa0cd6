import AddressSpaces
public import SyscallABI

/// One place at which a recorded map and the model's differ.
public struct MapDisagreement: Sendable {
  /// What most likely made the difference.
  public enum Cause: Sendable {
    /// The stack, or another mapping that grows down, grew by page faults.
    case growth
    /// The same pages with the same access, cut at other places: which pages were written, and
    /// when, decides what merges.
    case pageFaults
    /// Calls of several threads took effect in another order than the log shows.
    case concurrency
    /// The kernel has memory that no line of the log made.
    case missingCall
    /// The model has memory that the kernel has not.
    case surplus
    /// Access, offset or name differ.
    case attributes
  }

  /// The lines of the kernel's map that the model has not.
  public var kernel: [MapsEntry] = []
  /// The lines of the model's map that the kernel has not.
  public var model: [MapImage.Line] = []
  public var cause = Cause.attributes
}

extension Verifier {
  /// The differences of a map, those that touch or overlap taken together, in address order.
  public func disagreements(in comparison: Comparison) -> [MapDisagreement] {
    var list: [MapDisagreement] = []
    var end = Address.zero
    let differences = comparison.differences.sorted { $0.range.start < $1.range.start }
    for difference in differences {
      if list.isEmpty || difference.range.start > end { list.append(MapDisagreement()) }
      end = max(end, difference.range.end)
      switch difference {
      case .missing(let entry): list[list.count - 1].kernel.append(entry)
      case .surplus(let line): list[list.count - 1].model.append(line)
      }
    }
    for index in list.indices {
      list[index].cause = cause(of: list[index], inFlight: comparison.callsInFlight)
    }
    return list
  }

  private func cause(of place: MapDisagreement, inFlight: Int) -> MapDisagreement.Cause {
    let kernel = MapRun.runs(of: place.kernel.map(MapRun.init))
    let model = MapRun.runs(of: place.model.map { MapRun($0, matcher) })
    if kernel == model { return .pageFaults }
    let growsDown = place.model.contains { $0.flags.contains(.growsDown) }
    if growsDown, kernel.count == model.count, kernel.last?.range.end == model.last?.range.end {
      return .growth
    }
    if inFlight > 0 { return .concurrency }
    if kernel.isEmpty { return .surplus }
    return model.isEmpty ? .missingCall : .attributes
  }
}

/// Lines of a map that could be one, joined.
private struct MapRun: Equatable {
  var range: AddressRange
  var flags: VMAFlags
  var offset: UInt64
  var name: FileID

  init(_ entry: MapsEntry) {
    range = entry.range
    flags = MapMatcher.shown(entry.permissions)
    offset = entry.offset
    name = entry.name
  }

  init(_ line: MapImage.Line, _ matcher: MapMatcher) {
    range = line.range
    flags = MapMatcher.shown(line.flags)
    offset = line.offset
    name = matcher.name(line.name)
  }

  static func runs(of lines: [MapRun]) -> [MapRun] {
    var runs: [MapRun] = []
    for line in lines.sorted(by: { $0.range.start < $1.range.start }) {
      guard let last = runs.last, last.continues(with: line) else {
        runs.append(line)
        continue
      }
      runs[runs.count - 1].range = AddressRange(last.range.start, line.range.end)
    }
    return runs
  }

  private func continues(with next: MapRun) -> Bool {
    let isAnonymous = offset == 0 && next.offset == 0
    return range.end == next.range.start && flags == next.flags && name == next.name
      && (isAnonymous || offset &+ range.length == next.offset)
  }
}
