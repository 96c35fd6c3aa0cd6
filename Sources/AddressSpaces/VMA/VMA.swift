public import SyscallABI

/// One virtual memory area, as it is at one moment: a copy of everything that is known of it.
///
/// Linux: `struct vm_area_struct`.
public struct VMA: Hashable, Sendable, BitwiseCopyable {
  public var handle: Handle
  public var range: AddressRange
  public var flags: VMAFlags
  /// The open file description; `.none` for anonymous memory.
  public var file: FileDescriptionID
  /// `vm_pgoff`, in pages: into the file, or for anonymous memory the page number at its creation,
  /// which `/proc/PID/maps` hides.
  public var pageOffset: PageOffset
  public var policy: PolicyID
  public var name: NameID
  public var userfault: UserfaultID
  /// It is a SysV shared memory segment, whose operations have a close hook.
  public var hasCloseHook: Bool
  public var anonVMA: AnonVMA

  /// The offset column of `/proc/PID/maps`, in bytes: 0 for anonymous memory.
  public var shownOffset: UInt64 { file == .none ? 0 : pageOffset.rawValue << Page.shift }

  /// `vm_ops == NULL`: private anonymous memory.
  public var isAnonymous: Bool { file == .none && !flags.contains(.shared) }

  /// Names a VMA from its creation to its removal; 0 is nil. A slot is used again after removal.
  public struct Handle: Hashable, Sendable, BitwiseCopyable {
    public var slot: UInt32

    @inlinable
    public init(slot: UInt32) { self.slot = slot }

    public static let none = Handle(slot: 0)

    @inlinable
    public var isNone: Bool { slot == 0 }
  }
}

/// What is stored of a VMA beside its index, which has the borders; everything else is behind
/// `attributes`.
struct VMARecord: BitwiseCopyable {
  /// In a free record: the slot of the next free one.
  var attributes: MergeID
  /// In a free record: inherited from nobody, which no VMA has.
  var anonVMA: AnonVMA

  /// What stands for nil, and in slots that were never used.
  static let none = VMARecord(attributes: .none, anonVMA: .none)

  static let free = VMARecord(
    attributes: .none, anonVMA: AnonVMA(rawValue: AnonVMA.forkChildBit))

  var isFree: Bool { anonVMA.rawValue == AnonVMA.forkChildBit }
}
