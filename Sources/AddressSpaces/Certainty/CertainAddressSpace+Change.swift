public import SyscallABI

/// What a call changes of the VMAs that it walks over.
public enum CertainChange: Sendable, BitwiseCopyable {
  /// mprotect.
  case access
  /// mlock and its kin; with `populates`, memory is faulted in.
  case locks(populates: Bool)
  /// Everything else: advice, policy, seal, name.
  case other

  /// The flags that it may set or clear.
  public var flags: VMAFlags {
    switch self {
    case .access: VMAFlags.access.union(.keyMask)
    case .locks: [.locked, .lockOnFault]
    case .other:
      [
        .seqRead, .randRead, .dontCopy, .dontDump, .wipeOnFork, .mergeable, .hugePage,
        .noHugePage, .sealed,
      ]
    }
  }
}

extension CertainAddressSpace {
  /// A call changed VMAs in `range` one by one, each of which may have merged.
  ///
  /// - Parameters:
  ///   - succeeded: false if the call stopped on its way, at a place that all runs have in common.
  ///   - space: after the same call.
  /// - Complexity: O(log *n* + pieces in the range).
  ///
  /// Linux: `vma_modify`, called in a walk.
  public mutating func change<Index: VMAIndex & ~Copyable>(
    _ range: AddressRange, _ change: CertainChange, succeeded: Bool,
    after space: borrowing AddressSpace<Index>
  ) {
    var vmas: [VMA] = []
    space.forEachVMA(in: range) { vmas.append($0) }
    edit(range) { window in
      window.apply(change, in: range, like: vmas, succeeded: succeeded)
    }
  }

  /// The kernel itself wrote `range`: MADV_POPULATE_WRITE, or the guards of MADV_GUARD_INSTALL.
  ///
  /// - Parameter succeeded: false if it may have written a part only.
  public mutating func populate(_ range: AddressRange, by advice: Advice, succeeded: Bool) {
    let guards = advice == .guardInstall
    guard profile.knows(advice), guards || advice == .populateWrite, guards || succeeded
    else { return }
    edit(range) { window in
      if !succeeded {
        window.writeSome(range)
      } else if guards {
        window.populate(range) { $0.isAnonymous }
      } else {
        window.populate(range)
      }
    }
  }
}
