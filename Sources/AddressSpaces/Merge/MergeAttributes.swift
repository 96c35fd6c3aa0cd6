import SyscallABI

/// Everything that two VMAs must have in common to become one, besides touching each other and
/// having compatible anon_vmas.
struct MergeAttributes: Hashable, BitwiseCopyable {
  var flags: VMAFlags
  /// `pgoff - start / 4096`, wrapping: the same for all pieces of one mapping, however it is cut,
  /// and equal for two neighbours exactly if their offsets continue each other.
  var linear: UInt64
  var file: FileDescriptionID
  var policy: PolicyID
  var name: NameID
  var userfault: UserfaultID
  var hasCloseHook: Bool

  init(
    flags: VMAFlags, file: FileDescriptionID = .none, linear: UInt64 = 0,
    policy: PolicyID = .default, name: NameID = .none, userfault: UserfaultID = .none,
    hasCloseHook: Bool = false
  ) {
    self.flags = flags
    self.linear = linear
    self.file = file
    self.policy = policy
    self.name = name
    self.userfault = userfault
    self.hasCloseHook = hasCloseHook
  }

  /// The constant of a mapping that shows `offset` at `start`.
  @inline(__always)
  static func linear(offset: PageOffset, at start: Address) -> UInt64 {
    offset.rawValue &- start.pageNumber
  }

  /// `vm_pgoff` of a VMA with these attributes that starts at `start`.
  func pageOffset(at start: Address) -> PageOffset {
    PageOffset(linear &+ start.pageNumber)
  }

  /// `vma_is_anonymous`: private memory without a file.
  var isAnonymous: Bool { file == .none && !flags.contains(.shared) }

  /// Private and writable: a write gives it an anon_vma.
  var takesPrivateWrites: Bool { flags.contains(.write) && !flags.contains(.shared) }

  @inline(__always)
  var hash: UInt64 {
    var h = flags.rawValue &* 0x9e37_79b9_7f4a_7c15
    h = (h ^ (h >> 32)) &+ linear
    h = h &* 0xbf58_476d_1ce4_e5b9
    h = (h ^ (h >> 29)) &+ (UInt64(file.rawValue) << 32 | UInt64(policy.rawValue))
    h = h &* 0x94d0_49bb_1331_11eb
    h ^= (UInt64(name.rawValue) << 32 | UInt64(userfault.rawValue)) &* 0x9e37_79b9_7f4a_7c15
    return h ^ (h >> 31)
  }
}

/// The number of a set of `MergeAttributes`: equal exactly if the attributes are.
struct MergeID: Hashable, BitwiseCopyable {
  var rawValue: UInt32

  @inline(__always)
  init(rawValue: UInt32) { self.rawValue = rawValue }

  static let none = MergeID(rawValue: 0)
}
