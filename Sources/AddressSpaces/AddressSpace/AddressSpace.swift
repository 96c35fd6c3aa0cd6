public import SyscallABI

/// The address space of a process: its VMAs, and the calls that change them.
///
/// Every operation does what the kernel of `profile` does to its VMAs, without memory behind them.
/// Operations that fail throw the errno that the call returns, and leave exactly the changes that
/// the kernel leaves. What no call tells, which pages were written, comes from the caller through
/// `writeFault`.
///
/// A value is owned by one place: it cannot be copied, only forked.
///
/// Linux: `struct mm_struct`.
public struct AddressSpace<Index: VMAIndex & ~Copyable>: ~Copyable {
  public let profile: KernelProfile
  public var limits: AddressSpaceLimits

  var index: Index
  var slab: VMASlab
  var attributes: MergeAttributeTable
  var origins = OriginTable()
  var mark = VMAMark()
  var path = CallPath()
  var objects = ObjectTable(isOn: ObjectTable.isAlwaysOn)
  /// The next identity to give to an anon_vma.
  var nextAnonVMA: UInt32 = 1
  /// No VMA ever gets an anon_vma.
  var ignoresWrites = false

  var memo = MmapMemo()
  var kinds = MappingKinds()

  /// Where the program was loaded; `startBrk` bounds the heap, `startStack` names the stack.
  public var layout = ProcessStat()
  /// Below it mappings are placed, from the top (`mmap_base`); zero if it is not known.
  public var mmapBase = Address.zero
  /// How often memory was unmapped: what a `PlacementMemo` knows holds until the next time.
  var freeings: UInt64 = 0
  /// The program break (`mm->brk`), not rounded to pages.
  public internal(set) var currentBreak = Address.zero
  /// Flags that new mappings get on top, set by mlockall with MCL_FUTURE (`def_flags`).
  public internal(set) var defaultFlags: VMAFlags = []

  /// The program (`mm->exe_file`), if somebody has said which it is.
  var exeFileDescription = FileDescriptionID.none
  /// VMAs of the program that fork left out, and counts all the same.
  var exeFileVMAsNotCopied: UInt64 = 0

  /// The sizes of attached segments in bytes, by the file description of the attach.
  var segmentSizes: [FileDescriptionID: UInt64] = [:]

  /// The pages of the VMAs, by kind.
  public internal(set) var counters = VMCounters()
  /// The largest `totalVM` after any call since the program was loaded (`hiwater_vm`).
  public internal(set) var hiwaterVM: UInt64 = 0
  public internal(set) var statistics = AddressSpaceStatistics()

  #if CHECKED
    var mutations = 0
  #endif

  private let addressOnly = AddressOnly()

  /// An address space without VMAs.
  public init(profile: KernelProfile = .linux6, limits: AddressSpaceLimits = .init()) {
    self.profile = profile
    self.limits = limits
    index = Index()
    slab = VMASlab()
    attributes = MergeAttributeTable()
  }

  /// Without the mark.
  init(copying other: borrowing AddressSpace) {
    profile = other.profile
    limits = other.limits
    index = other.index.copy()
    slab = other.slab.copy()
    attributes = other.attributes.copy()
    origins = other.origins.copy()
    objects = other.objects
    nextAnonVMA = other.nextAnonVMA
    ignoresWrites = other.ignoresWrites
    layout = other.layout
    mmapBase = other.mmapBase
    currentBreak = other.currentBreak
    segmentSizes = other.segmentSizes
    counters = other.counters
    exeFileDescription = other.exeFileDescription
    exeFileVMAsNotCopied = other.exeFileVMAsNotCopied
    for vma in other.mark.kept { attributes.release(vma.record.attributes) }
  }

  /// The same address space once more, to try something out on.
  ///
  /// - Complexity: O(*n*).
  public borrowing func copy() -> AddressSpace {
    var copy = AddressSpace(copying: self)
    copy.defaultFlags = defaultFlags
    copy.hiwaterVM = hiwaterVM
    copy.statistics = statistics
    return copy
  }

  /// The number of VMAs (`map_count`).
  public var mapCount: Int { index.count }

  /// Mapped pages (`total_vm`).
  public var totalVM: UInt64 { counters.total }

  /// Pages of VMAs with VM_LOCKED (`locked_vm`).
  public var lockedVM: UInt64 { counters.locked }

  public var slabStatistics: SlabStatistics { slab.statistics }

  public var cacheStatistics: MmapCacheStatistics { index.cacheStatistics }

  /// The memory that the model itself holds, in bytes.
  public var bytes: Int { index.bytes + slab.bytes + attributes.bytes }
}

/// The end of the addresses that a process can map, with four-level page tables.
public let taskSize = Address(0x7fff_ffff_f000)
