import AddressSpaces
public import SyscallABI

/// Something that could have been otherwise while a log was recorded.
public enum WhatIfRule: Hashable, Sendable {
  /// A call, or only those that have a word, is left out. An mmap with the word is made without it
  /// instead: what it maps is needed by all that follows.
  case drop(SyscallName, word: String?)
  /// Guard pages are made by madvise(MADV_GUARD_INSTALL) instead of PROT_NONE.
  case guardByMadvise
  /// No VMA gets a name.
  case ignoreNames
  /// No VMA gets a NUMA policy.
  case ignorePolicy
  /// No page is ever written: anon_vma keeps nothing apart.
  case ignoreFaults
  /// `vm.max_map_count` is another.
  case maxMapCount(Int)

  /// The calls that can be left out: those that make and end processes cannot.
  public static var droppableCalls: [SyscallName] {
    SyscallName.allCases.filter { name in
      switch name {
      case .clone, .clone3, .fork, .vfork, .execve, .execveat, .exit, .exitGroup, .shmget: false
      default: true
      }
    }
  }

  /// The words by which calls of a name can be told apart.
  public static func words(of name: SyscallName) -> [String] {
    switch name {
    case .mmap, .mmap2, .oldMmap:
      // Without these it would be another mapping, or at another place.
      MapFlags.bitNames.map { "\($0.name)" }.filter {
        !["MAP_FIXED", "MAP_FIXED_NOREPLACE", "MAP_ANONYMOUS"].contains($0)
      }
    case .mprotect, .pkeyMprotect:
      Protection.fieldNames.map { "\($0.name)" } + Protection.bitNames.map { "\($0.name)" }
    case .madvise, .processMadvise: Advice.table.map { "\($0.name)" }
    case .mremap: RemapFlags.bitNames.map { "\($0.name)" }
    case .mlock2: LockFlags.bitNames.map { "\($0.name)" }
    case .mlockall: LockAllFlags.bitNames.map { "\($0.name)" }
    case .shmat: AttachFlags.bitNames.map { "\($0.name)" }
    case .prlimit64, .setrlimit: ResourceLimit.table.map { "\($0.name)" }
    case .munmap, .brk, .remapFilePages, .mlock, .munlock, .munlockall, .mseal, .shmget, .shmdt,
      .clone, .clone3, .fork, .vfork, .execve, .execveat, .exit, .exitGroup, .prctl, .mbind:
      []
    }
  }
}

extension SyscallEvent {
  /// The words of the call, as `WhatIfRule.words` has them.
  func has(word: String) -> Bool {
    switch call {
    case .mprotect(_, _, let prot, _): prot.names.contains(word)
    case .madvise(_, _, let advice), .processMadvise(_, _, let advice): advice.name == word
    case .mremap(_, _, _, let flags, _): flags.names.contains(word)
    case .mlock(_, _, let flags): flags.names.contains(word)
    case .mlockall(let flags): flags.names.contains(word)
    case .shmat(_, _, let flags): flags.names.contains(word)
    case .setLimit(_, let resource, _, _, _): resource.name == word
    case .mmap, .munmap, .brk, .remapFilePages, .munlock, .munlockall, .mseal, .mbind, .shmget,
      .shmdt, .clone, .clone3, .fork, .execve, .exit, .setVMAName:
      false
    }
  }
}

extension WhatIfRule {
  /// What the rule changes besides calls.
  public func apply(to options: inout ReplayOptions) {
    switch self {
    case .maxMapCount(let count): options.limits.maxMapCount = count
    case .ignoreFaults: options.ignoresWrites = true
    case .drop, .guardByMadvise, .ignoreNames, .ignorePolicy: break
    }
  }
}
