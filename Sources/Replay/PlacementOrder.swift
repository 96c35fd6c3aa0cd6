import AddressSpaces
import SyscallABI

/// Finds in which order overlapping mappings were placed: the one that explains all addresses.
struct PlacementOrder {
  /// A mapping whose end is not reached yet, and its task.
  struct Other {
    var event: SyscallEvent
    var slot: Int

    /// Where it is; nil if that is no range.
    var range: AddressRange? {
      guard case .mmap(_, let length, _, _, _, _, _) = event.call,
        let size = Page.align(length), size > 0, event.result.value <= UInt64.max - size
      else { return nil }
      let start = Address(event.result.value)
      return AddressRange(start, start &+ size)
    }
  }

  /// More than so many are never let first: it is not worth the time.
  private static let mostAtOnce = 4

  let files: FileTable
  let paths: PathTable
  var rules: PlacementRules

  /// Whether the mapping is where the kernel would put it now, or no rule is known.
  mutating func isPlaced<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, in space: borrowing AddressSpace<Index>
  ) -> Bool {
    guard let request = rules.request(for: event, space, files, paths)?.1 else { return true }
    return space.getUnmappedArea(request) == Address(event.result.value)
  }

  /// The fewest of `others` that have to come before `event` so that each is where the kernel would
  /// put it, in their order; empty if there is no such order.
  mutating func search<Index: VMAIndex & ~Copyable>(
    before event: SyscallEvent, _ others: [Other], in space: borrowing AddressSpace<Index>
  ) -> [Int] {
    for count in 1...max(1, min(others.count, Self.mostAtOnce)) {
      if let found = search(count, before: event, others, [], in: space) { return found }
    }
    return []
  }

  private mutating func search<Index: VMAIndex & ~Copyable>(
    _ count: Int, before event: SyscallEvent, _ others: [Other], _ first: [Int],
    in space: borrowing AddressSpace<Index>
  ) -> [Int]? {
    if count == 0 { return isPlaced(event, in: space) ? first : nil }
    for position in others.indices where !first.contains(position) {
      guard let range = others[position].range, isPlaced(others[position].event, in: space)
      else { continue }
      var after = space.copy()
      do { try after.install(range, flags: []) } catch { continue }
      let order = first + [position]
      if let found = search(count - 1, before: event, others, order, in: after) { return found }
    }
    return nil
  }
}
