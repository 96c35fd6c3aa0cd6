import AddressSpaces
import SyscallABI

/// What the log leaves open of each address space, by its slot in the `SpaceTable`.
struct CertaintyTable {
  /// A call that took effect while another of the same address space was under way.
  struct Overlap {
    /// The line on which it was completed.
    var line: UInt64
    var range: AddressRange
    /// Where VMAs may have ended before it.
    var edges: [Address]
    var flags: VMAFlags
    var moves: Bool
  }

  private(set) var spaces: [CertainAddressSpace] = []
  private var overlaps: [[Overlap]] = []
  /// The line on which the call that is being applied began, if another line came in between.
  var beginning: UInt64?
  /// Other calls of the same address space are under way.
  var hasOthers = false

  subscript(slot: Int) -> CertainAddressSpace {
    get { spaces[slot] }
    _modify { yield &spaces[slot] }
  }

  mutating func start(_ slot: Int, _ profile: KernelProfile) {
    while spaces.count <= slot {
      spaces.append(CertainAddressSpace(profile: profile))
      overlaps.append([])
    }
    spaces[slot] = CertainAddressSpace(profile: profile)
    overlaps[slot].removeAll()
  }

  mutating func fork(_ parent: Int, to child: Int, _ profile: KernelProfile) {
    let copy = spaces[parent].forked()
    start(child, profile)
    spaces[child] = copy
  }

  /// The calls that overlap with the one that is being applied and touch its range are taken to
  /// have happened in any order.
  mutating func meetOverlaps(_ slot: Int, _ own: Overlap) {
    if let beginning {
      for other in overlaps[slot] where other.line > beginning {
        guard other.range.start <= own.range.end, own.range.start <= other.range.end else {
          continue
        }
        let hull = AddressRange(
          min(own.range.start, other.range.start), max(own.range.end, other.range.end))
        var flags = own.flags.union(other.flags)
        // Who came last has set the access, where both did.
        if !own.range.overlaps(other.range) { flags.formIntersection(.account) }
        spaces[slot].disorder(
          hull, edges: own.edges + other.edges, flags: flags, moves: own.moves || other.moves,
          meets: own.range.overlaps(other.range))
      }
    }
    if hasOthers {
      overlaps[slot].append(own)
    } else if !overlaps[slot].isEmpty {
      overlaps[slot].removeAll(keepingCapacity: true)
    }
  }
}
