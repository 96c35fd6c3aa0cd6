import SyscallABI

/// Reads the arguments of each call: one row per call, in the order in which strace prints them.
///
/// Each row leaves the reader behind the closing parenthesis, or at the end of a first half, and
/// returns nil for a call that is none of ours after all (prctl). Whether the text was right is in
/// `arguments.problem`.
struct CallDecoder {
  let symbols = SymbolTable()
  var paths: PathCache
  var memo = FlagMemo()
  private var scratch: [UInt8] = []

  init(paths: PathTable) { self.paths = PathCache(paths) }

  @inline(never)
  mutating func decode(
    _ name: SyscallName, _ arguments: inout ArgumentReader, into batch: inout TraceBatch
  ) -> SyscallEvent.Call? {
    switch name {
    case .mmap, .oldMmap: mmap(&arguments, inPages: false)
    case .mmap2: mmap(&arguments, inPages: true)
    case .munmap: munmap(&arguments)
    case .mprotect, .pkeyMprotect: mprotect(&arguments, hasKey: name == .pkeyMprotect)
    case .madvise: madvise(&arguments)
    case .brk: brk(&arguments)
    case .mremap: mremap(&arguments)
    case .remapFilePages: remapFilePages(&arguments)
    case .processMadvise: processMadvise(&arguments, into: &batch)
    case .mlock, .mlock2: mlock(&arguments, hasFlags: name == .mlock2)
    case .munlock: munlock(&arguments)
    case .mlockall: mlockall(&arguments)
    case .munlockall: munlockall(&arguments)
    case .mseal: mseal(&arguments)
    case .mbind: mbind(&arguments)
    case .shmget: shmget(&arguments)
    case .shmat: shmat(&arguments)
    case .shmdt: shmdt(&arguments)
    case .clone: clone(&arguments)
    case .clone3: clone3(&arguments)
    case .fork, .vfork: fork(&arguments)
    case .execve: execve(&arguments, isAt: false)
    case .execveat: execve(&arguments, isAt: true)
    case .exit, .exitGroup: exit(&arguments)
    case .prctl: prctl(&arguments, into: &batch)
    case .prlimit64: prlimit(&arguments, hasTarget: true)
    case .setrlimit: prlimit(&arguments, hasTarget: false)
    }
  }

  /// Whether a call's variable part lies in the batch, and so must be read again at its end.
  static func usesSideTables(_ name: SyscallName) -> Bool {
    name == .processMadvise || name == .prctl
  }

  /// `text` with its escapes undone, as a String.
  mutating func unescaped(_ text: ByteSlice) -> String {
    scratch.removeAll(keepingCapacity: true)
    Escapes.undo(text, into: &scratch)
    return String(decoding: scratch, as: UTF8.self)
  }
}
