import AddressSpaces
public import Replay
public import SyscallABI

/// Why an address space has as many VMAs as it has: its boundaries and holes, grouped and counted.
public struct ExplainReport {
  /// What the pairs of one group have in common.
  public enum Grouping: String, CaseIterable, Sendable {
    /// The first cause.
    case cause
    /// What differs, and the call that set it.
    case call
    /// The thread that set it.
    case thread
    /// The size of the smaller VMA of the pair, or of the hole.
    case size
    /// The files behind the pair.
    case file
    /// Where in the program the call was made that set it.
    case stack
  }

  let trace: String
  let kernel: String
  let explanation: Explanation
  let grouping: Grouping
  let showsPairs: Bool
  let text: BoundaryText
  let command: String?
  let isPeak: Bool
  let stacks: StackTable?

  /// - Parameters:
  ///   - command: the base name of the program; nil if it is not known.
  ///   - isPeak: the moment is the one with the most VMAs.
  ///   - stacks: the stacks of the log; nil if they were not kept.
  public init(
    trace: String, kernel: String, explanation: Explanation, paths: PathTable,
    grouping: Grouping = .call, showsPairs: Bool = false, isPeak: Bool = false,
    stacks: StackTable? = nil
  ) {
    self.trace = trace
    self.kernel = kernel
    self.explanation = explanation
    self.grouping = grouping
    self.showsPairs = showsPairs
    self.isPeak = isPeak
    self.stacks = stacks
    text = BoundaryText(paths: paths, explanation: explanation)
    let program = explanation.process.program
    command = program == .none ? nil : text.name(program)
  }

  public func append(to out: inout OutputBuffer, format: OutputFormat) {
    if format == .json { appendJSON(&out) } else { appendText(&out) }
  }

  // MARK: Groups

  /// The needed boundaries and the missed merges in groups, the largest first.
  func boundaryGroups() -> (needed: [Group], missed: [Group]) {
    var groups: [Group] = []
    var byKey: [Key: Int] = [:]
    // Thousands of pairs look alike: their words are put together once.
    var byLook: [PairLook: Int] = [:]
    // Mostly two kinds of pairs take turns.
    var last: (look: PairLook, group: Int)?
    var lastButOne = last
    for boundary in explanation.boundaries {
      let call = boundary.equalSince ?? boundary.setter
      let look = PairLook(boundary.pair, call, grouping)
      let group: Int
      if let last, last.look == look {
        group = last.group
      } else if let lastButOne, lastButOne.look == look {
        group = lastButOne.group
      } else {
        if let known = byLook[look] {
          group = known
        } else {
          let key = key(of: boundary)
          group = byKey[key] ?? groups.count
          if group == groups.count {
            groups.append(Group(key))
            byKey[key] = group
          }
          byLook[look] = group
        }
        (lastButOne, last) = (last, (look, group))
      }
      groups[group].differences.formUnion(boundary.pair.differences)
      groups[group].count += 1
      groups[group].assumed += boundary.isAssumed ? 1 : 0
      groups[group].span.add(call)
    }
    groups.sort()
    let needed = groups.filter { $0.cause?.isNeeded ?? false }
    return (needed, groups.filter { $0.cause?.isNeeded == false })
  }

  /// The holes in groups, the largest first.
  func holeGroups() -> [Group] {
    var groups: [Key: Group] = [:]
    for hole in explanation.holes {
      let key = key(of: hole)
      groups[key, default: Group(key)].add(hole)
    }
    return groups.values.sorted()
  }

  /// The runs with the most VMAs.
  func largestRuns(_ limit: Int = 5) -> [Explanation.Run] {
    let order = explanation.runs.sorted {
      ($1.vmaCount, $0.range.start) < ($0.vmaCount, $1.range.start)
    }
    return Array(order.prefix(limit))
  }

  /// What is the same for all of a group.
  struct Key: Hashable {
    var cause: VMABoundary.Cause?
    var differences: VMABoundary.Causes = []
    var what: String
    var setBy: String
  }

  private func key(of boundary: Explanation.Boundary) -> Key {
    let pair = boundary.pair
    var key = Key(cause: pair.cause, what: text.difference(boundary), setBy: "")
    switch grouping {
    case .cause: key.what = pair.cause.isNeeded ? "needed" : "missed merge"
    case .call:
      key.differences = pair.differences
      key.setBy = CallText.describe(boundary.equalSince ?? boundary.setter)
    case .stack: key.setBy = site(boundary.equalSince ?? boundary.setter)
    case .thread: key.setBy = thread(boundary.equalSince ?? boundary.setter)
    case .size: key.setBy = sizeClass(min(pair.lower.range.length, pair.upper.range.length))
    case .file:
      let names = [text.name(of: pair.lower), text.name(of: pair.upper)].sorted()
      key.setBy = names[0] == names[1] ? names[0] : names.joined(separator: ", ")
    }
    return key
  }

  private func key(of hole: Explanation.Hole) -> Key {
    var key = Key(what: Self.describe(hole.maker), setBy: "")
    switch grouping {
    case .cause, .file: break
    case .call: key.setBy = hole.call == nil ? "-" : CallText.describe(hole.call)
    case .stack: key.setBy = site(hole.call)
    case .thread: key.setBy = thread(hole.call)
    case .size: key.setBy = sizeClass(hole.range.length)
    }
    return key
  }

  static func describe(_ maker: Explanation.Hole.Maker) -> String {
    switch maker {
    case .neverMapped: "never mapped"
    case .kernelAlignment: "the kernel's alignment to 2 MiB"
    case .trim: "alignment trim: head or tail cut off"
    case .call: "unmapped"
    }
  }

  private func thread(_ call: RecordedCall?) -> String {
    guard let call else { return "initial map" }
    return call.pid == .none ? "no pid in the log" : "tid \(call.pid.rawValue)"
  }

  /// `4 KiB`, `8 KiB to 16 KiB`: powers of two.
  private func sizeClass(_ bytes: UInt64) -> String {
    let floor = UInt64(1) << UInt64(63 - max(bytes, 1).leadingZeroBitCount)
    if floor <= Page.size { return Figures.size(bytes: floor) }
    return "\(Figures.size(bytes: floor)) to \(Figures.size(bytes: floor * 2))"
  }
}

extension VMABoundary.Causes {
  /// The names of all that differs, in the order in which the first is chosen.
  var labels: [String] {
    VMABoundary.Cause.allCases.filter { contains($0) }.map { "\($0.label)" }
  }
}
