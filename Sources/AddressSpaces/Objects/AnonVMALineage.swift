internal import SyscallABI

/// An anon_vma among several address spaces, each of which counts its own from 1.
public struct SharedAnonVMA: Hashable, Comparable, Sendable, BitwiseCopyable {
  /// The number of the address space in which it arose.
  public let space: UInt32
  /// Its number there.
  public let number: UInt32

  public static func < (a: SharedAnonVMA, b: SharedAnonVMA) -> Bool {
    (a.space, a.number) < (b.space, b.number)
  }
}

/// Which anon_vmas of an address space are those of its relatives.
///
/// Until 2.6.33 the VMAs of a child are on the lists of their parent's anon_vmas. Since then each
/// has an anon_vma of its own, and is on the lists of those that it descends from as well.
///
/// Linux: `anon_vma_link` in `dup_mmap` (until 2.6.33), `anon_vma_fork` and `anon_vma_clone`. Not
/// here: that a child may take over the anon_vma of an ancestor that is gone (since 3.19).
public struct AnonVMALineage: Sendable {
  /// The number of this address space.
  public let space: UInt32
  /// For what came through fork, by its number here: the lists on which its VMAs are, first that
  /// of their own anon_vma.
  private var inherited: [UInt32: [SharedAnonVMA]] = [:]

  /// An address space that is nobody's child.
  ///
  /// - Parameter space: a number that no other address space has or had.
  public init(space: UInt32) { self.space = space }

  /// A child's, just after fork.
  ///
  /// - Complexity: O(*n* log *n*).
  public init<Index: VMAIndex & ~Copyable>(
    space number: UInt32, of child: borrowing AddressSpace<Index>,
    parent: AnonVMALineage, _ parentSpace: borrowing AddressSpace<Index>
  ) {
    space = number
    var inherited: [UInt32: [SharedAnonVMA]] = [:]
    child.forEachVMA { vma in
      guard !vma.anonVMA.isNone, inherited[vma.anonVMA.number] == nil,
        let source = parentSpace.vmaContaining(vma.range.start)?.anonVMA
      else { return }
      let lists = parent.lists(of: source)
      let isShared = source == vma.anonVMA && !child.profile.follows(.ownAnonVMAInChild)
      let own = SharedAnonVMA(space: number, number: vma.anonVMA.number)
      inherited[vma.anonVMA.number] = isShared ? lists : [own] + lists
    }
    self.inherited = inherited
  }

  /// The anon_vmas on whose lists a VMA with `anonVMA` is: first its own, then from the nearest
  /// ancestor to the farthest.
  public func lists(of anonVMA: AnonVMA) -> [SharedAnonVMA] {
    if anonVMA.isNone { return [] }
    return inherited[anonVMA.number]
      ?? [SharedAnonVMA(space: space, number: anonVMA.number)]
  }
}
