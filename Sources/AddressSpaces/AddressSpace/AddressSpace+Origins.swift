import SyscallABI

// Which call made each VMA what it is. Everything here is asked only after `noteCall`; the
// operations look at one flag otherwise.

extension AddressSpace where Index: ~Copyable {
  /// Says that what follows is done by `call`, and turns the noting of origins on.
  public mutating func noteCall(_ call: CallID) {
    if !origins.isOn { origins.turnOn() }
    origins.current = call
    origins.replaced.start = Address(.max)
  }

  /// The origins of a VMA; nil if they are not noted.
  public borrowing func origins(of handle: VMA.Handle) -> VMAOrigins? {
    origins.isOn ? origins[handle] : nil
  }

  /// Visits the origins of every VMA, in no order, of some VMAs that are gone, of what was there at
  /// the mark, and of what would come now.
  ///
  /// - Complexity: O(the most VMAs that there ever were).
  @inline(__always)
  public borrowing func forEachOrigins(_ body: (VMAOrigins) -> Void) {
    origins.forEach(body)
    // A page fault may still be put down to the last call.
    body(VMAOrigins(all: origins.current))
    for vma in mark.kept { body(vma.origins) }
  }

  /// A VMA came into a gap: the parts of the gap that remain are as old as the gap was.
  mutating func noteLink(_ handle: VMA.Handle, _ range: AddressRange, _ around: VMANeighbours) {
    var below = origins.replaced.holeBelow
    if origins.replaced.start != range.start {
      below = around.next.isNone ? .none : origins[around.next.handle].holeBelow
    }
    origins[handle] = VMAOrigins(all: origins.current, holeBelow: below)
  }

  /// ```
  /// LVVVVH   =>   LVn nVH     (n: what the nearer end was)
  /// ```
  mutating func noteSplit(of whole: VMA.Handle, _ lower: VMAEntry, _ upper: VMAEntry) {
    let origin = origins[whole]
    let isNearLow = lower.range.length <= upper.range.length
    let inner = isNearLow ? origin.low : origin.high
    var below = origin
    below.high = inner
    var above = origin
    above.low = inner
    setOrigins(of: lower, below)
    setOrigins(of: upper, above)
  }

  /// A whole VMA becomes what `id` says.
  mutating func noteChange(_ entry: VMAEntry, to id: MergeID) {
    let old = slab[entry.handle].attributes
    var origin = origins[entry.handle]
    stamp(&origin.low, from: old, to: id)
    stamp(&origin.high, from: old, to: id)
    setOrigins(of: entry, origin)
  }

  /// A VMA gets its anon_vma.
  mutating func noteWrite(_ entry: VMAEntry) {
    var origin = origins[entry.handle]
    origin.low.write = origins.current
    origin.high.write = origins.current
    setOrigins(of: entry, origin)
  }

  /// A new range joins its neighbours. It takes part in what was written to them before.
  mutating func noteMerge(_ mergeCase: MergeCase, ofNewRangeBetween around: VMANeighbours) {
    var fresh = VMAOrigins(all: origins.current)
    let survivor = mergeCase == .case3 ? around.next.handle : around.previous.handle
    if !slab[survivor].anonVMA.isNone {
      fresh.high.write = origins[survivor].high.write
      fresh.low.write = origins[survivor].low.write
    }
    noteMerge(mergeCase, fresh, middle: .none, around)
  }

  /// A part of `middle` joins its neighbours as `id`.
  mutating func noteMerge(
    _ mergeCase: MergeCase, of middle: VMAEntry, to id: MergeID, _ around: VMANeighbours
  ) {
    let old = slab[middle.handle].attributes
    var piece = origins[middle.handle]
    stamp(&piece.low, from: old, to: id)
    stamp(&piece.high, from: old, to: id)
    noteMerge(mergeCase, piece, middle: middle, around)
  }

  /// Gives the survivor of a merge the ends that it gets. To be called before the merge.
  private mutating func noteMerge(
    _ mergeCase: MergeCase, _ piece: VMAOrigins, middle: VMAEntry, _ around: VMANeighbours
  ) {
    let (previous, next) = (around.previous.handle, around.next.handle)
    switch mergeCase {
    case .case1, .case6:
      // PPP***NNN   =>   PPPPPPPPP
      var survivor = origins[previous]
      survivor.high = origins[next].high
      setOrigins(of: around.previous, survivor)
    case .case2, .case7, .case5:
      // PPP***      =>   PPPPPP
      var survivor = origins[previous]
      survivor.high = mergeCase == .case5 ? piece.low : piece.high
      setOrigins(of: around.previous, survivor)
    case .case3, .case4:
      // ***NNN      =>   NNNNNN
      var survivor = origins[next]
      survivor.low = mergeCase == .case4 ? piece.high : piece.low
      setOrigins(of: around.next, survivor)
    case .case8:
      // MMMNNN      =>   MMMMMM
      var survivor = origins[middle.handle]
      survivor.low = piece.low
      survivor.high = origins[next].high
      setOrigins(of: middle, survivor)
    }
  }

  /// `range` is about to be unmapped: what replaces it exactly stands above the same hole.
  mutating func noteReplacement(of range: AddressRange) {
    let first = index.search(range.start)
    guard !first.isNone, first.start >= range.start, first.start < range.end else { return }
    origins.replaced = (range.start, origins[first.handle].holeBelow)
  }

  /// `range` has been unmapped and stays so.
  mutating func noteHole(_ range: AddressRange) {
    guard origins.isOn else { return }
    let above = index.search(range.end)
    if above.isNone || above.start < range.end { return }
    var origin = origins[above.handle]
    origin.holeBelow = origins.current
    setOrigins(of: above, origin)
  }

  private mutating func setOrigins(of entry: VMAEntry, _ value: VMAOrigins) {
    keepForMark(entry)
    origins[entry.handle] = value
  }

  private borrowing func stamp(_ edge: inout EdgeOrigins, from old: MergeID, to new: MergeID) {
    let (before, after) = (attributes[old], attributes[new])
    let changed = before.flags.symmetricDifference(after.flags)
    if !changed.isDisjoint(with: .access) { edge.access = origins.current }
    if !changed.subtracting(.access).isEmpty { edge.flags = origins.current }
    if before.policy != after.policy { edge.policy = origins.current }
    if before.name != after.name { edge.name = origins.current }
  }
}
