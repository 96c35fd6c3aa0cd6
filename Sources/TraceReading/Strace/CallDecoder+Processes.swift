import SyscallABI

extension CallDecoder {
  /// `clone(child_stack=…, flags=…, …)`, or in the kernel's order (flags first) without names.
  func clone(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    var flags: UInt64 = 0
    var stack = Address.zero
    if args.cursor.starts(with: "child_stack=") {
      stack = args.address()
      flags = args.flags(.clone, or: .signal, in: symbols)
    } else if args.cursor.starts(with: "stack=") || args.cursor.starts(with: "newsp=") {
      stack = args.address()
      flags = args.flags(.clone, or: .signal, in: symbols)
    } else {
      flags = args.flags(.clone, or: .signal, in: symbols)
      stack = args.address()
    }
    args.skipRest()
    return .clone(flags: CloneFlags(rawValue: flags), childStack: stack)
  }

  /// `clone3({flags=…, exit_signal=…, stack=…, stack_size=…} => {parent_tid=[2]}, 88)`.
  func clone3(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    var flags: UInt64 = 0
    var stack = Address.zero
    var stackSize: UInt64 = 0
    guard args.begin() else {
      return .clone3(flags: CloneFlags(rawValue: 0), stack: stack, stackSize: 0)
    }
    if args.cursor.byte == UInt8(ascii: "{") {
      var fields = FieldReader(args.cursor)
      while let name = fields.next() {
        switch name {
        case .flags: flags = fields.flags(.clone, in: symbols)
        case .stack: stack = Address(fields.number())
        case .stackSize: stackSize = fields.number()
        default: break
        }
      }
      if let problem = fields.problem { args.fail(problem.kind, at: problem.position) }
    }
    args.skipValue()
    if args.problem == nil { args.end() }
    args.skipRest()
    return .clone3(flags: CloneFlags(rawValue: flags), stack: stack, stackSize: stackSize)
  }

  func fork(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    args.finish()
    return .fork
  }

  mutating func execve(_ args: inout ArgumentReader, isAt: Bool) -> SyscallEvent.Call {
    if isAt { args.skip() }
    let text = args.string()
    let path = text.map { paths.id(of: $0, isDeleted: false) } ?? .none
    args.skipRest()
    return .execve(path: path)
  }

  func exit(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    let status = args.int32()
    args.finish()
    return .exit(status: status)
  }

  /// Only PR_SET_VMA; nil for every other option.
  mutating func prctl(
    _ args: inout ArgumentReader, into batch: inout TraceBatch
  ) -> SyscallEvent.Call? {
    guard args.begin() else { return nil }
    if symbols.take(.prctl, from: &args.cursor) == nil {
      guard args.cursor.integer() == SymbolTable.setVMA else { return nil }
    }
    args.end()
    _ = args.value(.prctlVMA, in: symbols)
    let addr = args.address()
    let size = args.number()
    let text = args.string()
    args.skipRest()
    var name: UInt32?
    if let text, args.problem == nil {
      name = UInt32(batch.strings.count)
      batch.strings.append(unescaped(text))
    }
    return .setVMAName(addr: addr, size: size, name: name)
  }

  func prlimit(_ args: inout ArgumentReader, hasTarget: Bool) -> SyscallEvent.Call {
    let target = hasTarget ? args.task() : PID(0)
    let resource = args.value(.resource, in: symbols)
    var soft: UInt64 = 0
    var hard: UInt64 = 0
    var isNull = true
    if args.begin() {
      if args.cursor.byte == UInt8(ascii: "{") {
        isNull = false
        var fields = FieldReader(args.cursor)
        while let name = fields.next() {
          switch name {
          case .softLimit: soft = fields.limit(in: symbols)
          case .hardLimit: hard = fields.limit(in: symbols)
          default: break
          }
        }
        if let problem = fields.problem { args.fail(problem.kind, at: problem.position) }
      } else if args.cursor.byte != UInt8(ascii: "N") && !args.cursor.isAtDigit {
        args.fail(.badStructure)
      }
      args.skipValue()
      if args.problem == nil { args.end() }
    }
    // The old limit, which strace prints after the call.
    if hasTarget && args.state == .open { args.skip() }
    args.finish()
    return .setLimit(
      target: target, resource: ResourceLimit(rawValue: UInt32(truncatingIfNeeded: resource)),
      soft: soft, hard: hard, isNull: isNull)
  }

  mutating func processMadvise(
    _ args: inout ArgumentReader, into batch: inout TraceBatch
  ) -> SyscallEvent.Call {
    let (pidfd, _) = args.descriptor(&paths)
    let first = UInt32(batch.iovecs.count)
    if args.begin() {
      args.vector(into: &batch.iovecs)
      args.skipValue()
      if args.problem == nil { args.end() }
    }
    _ = args.number()
    let advice = args.value(.advice, in: symbols)
    _ = args.number()
    args.finish()
    if args.problem != nil { batch.iovecs.removeSubrange(Int(first)...) }
    return .processMadvise(
      pidfd: pidfd,
      iovecs: SideTableRange(start: first, count: UInt32(batch.iovecs.count) - first),
      advice: Advice(rawValue: UInt32(truncatingIfNeeded: advice)))
  }
}
