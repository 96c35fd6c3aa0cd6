public import SyscallABI

/// A call, or a part of one, that came with some kernel.
public enum KernelFeature: Sendable {
  /// pkey_mprotect.
  case protectionKeys
  /// mlock2 with MLOCK_ONFAULT, mlockall with MCL_ONFAULT.
  case lockOnFault
  /// mremap with MREMAP_DONTUNMAP.
  case dontUnmap
  /// prctl PR_SET_VMA_ANON_NAME.
  case anonVMAName
  case mseal
}

/// What a kernel knows at all.
///
/// A log may be of a newer kernel than the profile. What that log shows and the profile does not
/// know took place all the same: the address and the success are those of the log, the rest has no
/// effect on VMAs, and `AddressSpaceStatistics.unknownToProfile` counts it.
extension KernelProfile {
  public func knows(_ feature: KernelFeature) -> Bool {
    switch feature {
    case .lockOnFault: version >= KernelVersion(4, 4)
    case .protectionKeys: version >= KernelVersion(4, 9)
    case .dontUnmap: version >= KernelVersion(5, 7)
    case .anonVMAName: version >= KernelVersion(5, 17)
    case .mseal: version >= KernelVersion(6, 10)
    }
  }

  /// Whether every flag means something to the kernel. MAP_STACK has long been there, but without
  /// a meaning.
  @inline(__always)
  public func knows(_ flags: MapFlags) -> Bool {
    // All others are as old as mmap.
    let young =
      MapFlags.stack.rawValue | MapFlags.sync.rawValue | MapFlags.fixedNoReplace.rawValue
      | MapFlags.droppable.rawValue
    let isOld = flags.rawValue & young == 0 && flags.type != MapFlags.sharedValidate.type
    return isOld || knowsAll(of: flags)
  }

  private func knowsAll(of flags: MapFlags) -> Bool {
    if flags.contains(.stack) && !follows(.stackIsNoHugePage) { return false }
    if version < KernelVersion(4, 15) {
      if flags.contains(.sync) || flags.type == MapFlags.sharedValidate.type { return false }
    }
    if flags.contains(.fixedNoReplace) && version < KernelVersion(4, 17) { return false }
    return flags.type != MapFlags.droppable.type || version >= KernelVersion(6, 11)
  }

  public func knows(_ advice: Advice) -> Bool {
    guard let since = advice.firstKernel else { return false }
    return since <= version
  }
}

extension Advice {
  /// The kernel since which madvise takes it from any process; nil if none does.
  ///
  /// Linux: `madvise_behavior_valid`.
  var firstKernel: KernelVersion? {
    switch self {
    case .normal, .random, .sequential, .willNeed, .dontNeed: KernelVersion(2, 4)
    case .remove, .dontFork, .doFork: KernelVersion(2, 6, 16)
    case .mergeable, .unmergeable, .hwPoison: KernelVersion(2, 6, 32)
    case .softOffline: KernelVersion(2, 6, 33)
    case .hugePage, .noHugePage: KernelVersion(2, 6, 38)
    case .dontDump, .doDump: KernelVersion(3, 4)
    case .free: KernelVersion(4, 5)
    case .wipeOnFork, .keepOnFork: KernelVersion(4, 14)
    case .cold, .pageOut: KernelVersion(5, 4)
    case .populateRead, .populateWrite: KernelVersion(5, 14)
    case .dontNeedLocked: KernelVersion(5, 18)
    case .collapse: KernelVersion(6, 1)
    case .guardInstall, .guardRemove: KernelVersion(6, 13)
    default: nil
    }
  }

  /// Some kernel takes it from any process.
  var isKnown: Bool { firstKernel != nil }
}

extension AddressSpace where Index: ~Copyable {
  /// Counts a call that the kernel of the profile does not know, and does nothing else.
  public mutating func passOverUnknown() {
    statistics.unknownToProfile += 1
    if isTraced { path.note(.unknown) }
  }
}
