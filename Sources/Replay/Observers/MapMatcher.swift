import AddressSpaces
import SyscallABI

/// Compares a recorded map with the model's, VMA by VMA: nothing is joined before.
struct MapMatcher: Sendable {
  private let paths: PathTable
  let heapName: FileID
  let stackName: FileID

  init(paths: PathTable) {
    self.paths = paths
    heapName = paths.intern("[heap]")
    stackName = paths.intern("[stack]")
  }

  /// The lines that only one side has, in address order.
  ///
  /// - Complexity: O(lines of both).
  func differences(_ kernel: [MapsEntry], _ model: [MapImage.Line]) -> [Verifier.Difference] {
    var differences: [Verifier.Difference] = []
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
    entry.range == line.range && entry.offset == line.offset
      && Self.shown(entry.permissions) == Self.shown(line.flags)
      && isSame(entry.name, name(line.name))
  }

  /// A file that was removed after it had been mapped keeps its VMAs; a log of calls that change
  /// address spaces does not show that.
  private func isSame(_ kernel: FileID, _ model: FileID) -> Bool {
    if kernel == model { return true }
    return paths.isDeleted(kernel) && !paths.isDeleted(model) && model != .none
      && paths.bytes(of: kernel) == paths.bytes(of: model)
  }

  static func shown(_ flags: VMAFlags) -> VMAFlags {
    flags.intersection([.read, .write, .exec, .mayShare])
  }

  /// The last column of maps as a recorded line has it.
  func name(_ name: MapImage.Name) -> FileID {
    switch name {
    case .none: .none
    case .heap: heapName
    case .stack: stackName
    case .file(let id): id
    }
  }
}
