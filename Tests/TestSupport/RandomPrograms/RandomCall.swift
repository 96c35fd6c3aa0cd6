/// One call of a random program: what the probe performs and the model is asked to do.
public enum RandomCall: Sendable {
  case mmap(at: UInt64, length: UInt64, prot: UInt64, flags: UInt64, file: Int, offset: UInt64)
  case munmap(UInt64, UInt64)
  case mprotect(UInt64, UInt64, UInt64)
  case mremap(old: UInt64, oldSize: UInt64, newSize: UInt64, flags: UInt64, new: UInt64)
  case madvise(UInt64, UInt64, UInt32)
  case mlock2(UInt64, UInt64, UInt64)
  case munlock(UInt64, UInt64)
  case mlockall(UInt64)
  case munlockall
  /// The policy is a row of `RandomCall.policies`.
  case mbind(UInt64, UInt64, Int)
  case mseal(UInt64, UInt64)
  case remapFilePages(UInt64, UInt64, UInt64)
  case shmat(UInt64, UInt64, UInt64)
  case shmdt(UInt64)
  /// Relative to the first break.
  case brk(UInt64)
  case touch(UInt64, UInt64)
  case touchHeap(UInt64, UInt64)
  case fork

  /// Mode and nodes of each policy; the first is MPOL_DEFAULT.
  public static let policies: [(mode: UInt64, nodes: UInt64)] = [(0, 0), (2, 1), (1, 1), (3, 1)]

  /// The line that the probe reads.
  public var line: String {
    func words(_ name: String, _ values: UInt64...) -> String {
      ([name] + values.map { String($0, radix: 16) }).joined(separator: " ")
    }
    switch self {
    case .mmap(let at, let length, let prot, let flags, let file, let offset):
      return words("mmap", at, length, prot, flags, UInt64(file), offset)
    case .munmap(let at, let length): return words("munmap", at, length)
    case .mprotect(let at, let length, let prot): return words("mprotect", at, length, prot)
    case .mremap(let old, let oldSize, let newSize, let flags, let new):
      return words("mremap", old, oldSize, newSize, flags, new)
    case .madvise(let at, let length, let advice):
      return words("madvise", at, length, UInt64(advice))
    case .mlock2(let at, let length, let flags): return words("mlock2", at, length, flags)
    case .munlock(let at, let length): return words("munlock", at, length)
    case .mlockall(let flags): return words("mlockall", flags)
    case .munlockall: return "munlockall"
    case .mbind(let at, let length, let policy):
      return words(
        "mbind", at, length, Self.policies[policy].mode, Self.policies[policy].nodes)
    case .mseal(let at, let length): return words("mseal", at, length)
    case .remapFilePages(let at, let length, let page):
      return words("remap_file_pages", at, length, page)
    case .shmat(let at, let length, let flags): return words("shmat", at, length, flags)
    case .shmdt(let at): return words("shmdt", at)
    case .brk(let distance): return words("brk", distance)
    case .touch(let at, let length): return words("touch", at, length)
    case .touchHeap(let distance, let length): return words("touchheap", distance, length)
    case .fork: return "fork"
    }
  }

  /// What the kernel returns for success, as far as the program names where things go.
  public var plainResult: UInt64 {
    switch self {
    case .mmap(let at, _, _, let flags, _, _): flags & 0x10_0010 != 0 ? at : at & ~0xfff
    case .mremap(let old, _, _, let flags, let new): flags & 2 != 0 ? new : old
    default: 0
    }
  }
}
