import SyscallABI

/// Writes calls as strace does: the other direction of the decoder, in the styles of its options.
struct StraceWriter {
  enum Numbers: CaseIterable {
    /// Names of flags (`-X abbrev`), numbers (`raw`), or both (`verbose`).
    case abbrev, raw, verbose
  }

  enum Times: CaseIterable {
    case none, unix, clock
  }

  var numbers = Numbers.abbrev
  var times = Times.unix
  var hasDurations = true
  /// `addr=` in front of each argument (`-N`).
  var hasNames = false
  /// `[pid N]` instead of a column.
  var hasBrackets = false

  static let errors: [Int32: String] = [
    1: "EPERM", 2: "ENOENT", 12: "ENOMEM", 14: "EFAULT", 22: "EINVAL",
  ]

  func prefix(_ event: SyscallEvent) -> String {
    let pid = "\(event.pid.rawValue)"
    let padding = String(repeating: " ", count: max(5 - pid.count, 0))
    let column = hasBrackets ? "[pid \(padding)\(pid)] " : "\(pid)\(padding) "
    return column + time(event.time.nanoseconds / 1000)
  }

  private func time(_ micros: Int64) -> String {
    func digits(_ value: Int64, _ count: Int) -> String {
      let text = "\(value)"
      return String(repeating: "0", count: max(count - text.count, 0)) + text
    }
    let (seconds, fraction) = (micros / 1_000_000, digits(micros % 1_000_000, 6))
    switch times {
    case .none: return ""
    case .unix: return "\(seconds).\(fraction) "
    case .clock:
      let clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map { digits($0, 2) }
      return "\(clock[0]):\(clock[1]):\(clock[2]).\(fraction) "
    }
  }

  /// `name(arguments`, without the closing parenthesis.
  func call(_ event: SyscallEvent, path: String, vectors: [IOVec], name: String?) -> String {
    let arguments = arguments(event, path: path, vectors: vectors, vmaName: name)
    return "\(event.name.text)("
      + arguments.map { hasNames && !$0.0.isEmpty ? "\($0.0)=\($0.1)" : $0.1 }.joined(
        separator: ", ")
  }

  /// What stands behind the closing parenthesis.
  func result(_ event: SyscallEvent) -> String {
    var text = " = "
    switch event.result.outcome {
    case .returned:
      let value = event.result.value
      text += event.returnsAddress ? hex(value) : "\(value)"
    case .failed: text += "-1 \(Self.errors[event.result.errno]!) (as it were)"
    case .unknown, .unfinished: text += "?"
    }
    if event.result.isInjected { text += " (INJECTED)" }
    if hasDurations && event.duration != .none {
      let micros = event.duration.nanoseconds / 1000
      let fraction = "\(micros % 1_000_000)"
      text += " <\(micros / 1_000_000)."
      text += String(repeating: "0", count: 6 - fraction.count) + fraction + ">"
    }
    return text
  }

  private func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
  private func pointer(_ address: Address) -> String {
    address == .zero ? "NULL" : hex(address.rawValue)
  }

  private func flags<Word: FlagWord>(_ word: Word) -> String {
    let names = word.names.isEmpty ? "0" : word.names.joined(separator: "|")
    return numbered(word.rawValue, names)
  }

  private func numbered(_ value: UInt64, _ names: String) -> String {
    switch numbers {
    case .abbrev: names
    case .raw: hex(value)
    case .verbose: names.hasPrefix("0") ? hex(value) : "\(hex(value)) /* \(names) */"
    }
  }

  private func advice(_ advice: Advice) -> String {
    numbered(UInt64(advice.rawValue), advice.name)
  }

  private func arguments(
    _ event: SyscallEvent, path: String, vectors: [IOVec], vmaName: String?
  ) -> [(String, String)] {
    switch event.call {
    case .mmap(let addr, let length, let prot, let mapFlags, let fd, _, let offset):
      return [
        ("addr", pointer(addr)), ("length", "\(length)"), ("prot", flags(prot)),
        ("flags", flags(mapFlags)), ("fd", fd < 0 ? "\(fd)" : "\(fd)<\(path)>"),
        ("offset", offset == 0 ? "0" : hex(offset)),
      ]
    case .munmap(let addr, let length), .munlock(let addr, let length):
      return [("addr", pointer(addr)), ("length", "\(length)")]
    case .mseal(let addr, let length):
      return [("addr", pointer(addr)), ("length", "\(length)"), ("flags", "0")]
    case .mprotect(let addr, let length, let prot, let key):
      let range = [("addr", pointer(addr)), ("length", "\(length)"), ("prot", flags(prot))]
      return event.name == .pkeyMprotect ? range + [("pkey", "\(key)")] : range
    case .brk(let addr): return [("addr", pointer(addr))]
    case .mremap(let old, let oldSize, let newSize, let remapFlags, let new):
      let sizes = [
        ("old_address", pointer(old)), ("old_size", "\(oldSize)"), ("new_size", "\(newSize)"),
        ("flags", flags(remapFlags)),
      ]
      return new.map { sizes + [("new_address", pointer($0))] } ?? sizes
    case .remapFilePages(let addr, let size, let prot, let pgoff, let mapFlags):
      return [
        ("addr", pointer(addr)), ("size", "\(size)"), ("prot", flags(prot)),
        ("pgoff", "\(pgoff)"), ("flags", flags(mapFlags)),
      ]
    case .madvise(let addr, let length, let what):
      return [("addr", pointer(addr)), ("length", "\(length)"), ("advice", advice(what))]
    case .processMadvise(let pidfd, _, let what):
      let list = vectors.map { "{iov_base=\(pointer($0.base)), iov_len=\($0.length)}" }
      return [
        ("pidfd", "\(pidfd)"), ("vec", "[\(list.joined(separator: ", "))]"),
        ("vlen", "\(vectors.count)"), ("advice", advice(what)), ("flags", "0"),
      ]
    case .mlock(let addr, let length, let lockFlags):
      let range = [("addr", pointer(addr)), ("length", "\(length)")]
      return event.name == .mlock2 ? range + [("flags", flags(lockFlags))] : range
    case .mlockall(let lockFlags): return [("flags", flags(lockFlags))]
    case .munlockall, .fork: return []
    case .shmget(let size, let key):
      return [("key", hex(UInt64(key))), ("size", "\(size)"), ("shmflg", "IPC_CREAT|0600")]
    case .shmat(let shmid, let addr, let attach):
      return [("shmid", "\(shmid)"), ("shmaddr", pointer(addr)), ("shmflg", flags(attach))]
    case .shmdt(let addr): return [("shmaddr", pointer(addr))]
    case .clone(let cloneFlags, let stack):
      // These two have their names always.
      return [("", "child_stack=\(pointer(stack))"), ("", "flags=\(flags(cloneFlags))")]
    case .clone3(let cloneFlags, let stack, let size):
      let fields = "flags=\(flags(cloneFlags)), exit_signal=0, stack=\(pointer(stack))"
      return [("cl_args", "{\(fields), stack_size=\(hex(size))}"), ("size", "88")]
    case .execve:
      return [
        ("pathname", "\"\(path)\""), ("argv", "[\"a\", \") = 0\"]"),
        ("envp", "0x7ffc /* 3 vars */"),
      ]
    case .exit(let status): return [("status", "\(status)")]
    case .setVMAName(let addr, let size, _):
      return [
        ("option", "PR_SET_VMA"), ("op", "PR_SET_VMA_ANON_NAME"), ("addr", hex(addr.rawValue)),
        ("size", "\(size)"), ("name", vmaName.map { "\"\($0)\"" } ?? "NULL"),
      ]
    case .setLimit(let target, let resource, let soft, let hard, let isNull):
      let limit = isNull ? "NULL" : "{rlim_cur=\(soft), rlim_max=\(hard)}"
      let what = [
        ("resource", numbered(UInt64(resource.rawValue), resource.name)), ("rlim", limit),
      ]
      if event.name == .setrlimit { return what }
      return [("pid", "\(target.rawValue)")] + what + [("old_rlim", "NULL")]
    case .mbind: return []
    }
  }
}

extension SyscallEvent {
  var returnsAddress: Bool {
    switch call {
    case .mmap, .brk, .mremap, .shmat: true
    default: false
    }
  }
}
