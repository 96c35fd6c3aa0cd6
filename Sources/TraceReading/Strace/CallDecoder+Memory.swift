import SyscallABI

extension CallDecoder {
  mutating func mmap(_ args: inout ArgumentReader, inPages: Bool) -> SyscallEvent.Call {
    args.enterStructure()
    let addr = args.address()
    let length = args.number()
    // Only -e raw prints a length in hexadecimal; it prints mmap2's offset as the kernel gets it.
    let isRaw = args.wasHexadecimal
    let prot = args.flags(.protection, in: symbols)
    let flags = args.flags(.map, in: symbols)
    let (fd, file) = args.descriptor(&paths)
    var offset = args.number()
    // strace 4 printed mmap2's offset in pages, later ones print bytes, always whole pages.
    if inPages && (isRaw || offset & Page.mask != 0) { offset = offset &* Page.size }
    args.finish()
    return .mmap(
      addr: addr, length: length, prot: Protection(rawValue: prot),
      flags: MapFlags(rawValue: flags), fd: fd, file: file, offset: offset)
  }

  func munmap(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    let addr = args.address()
    let length = args.number()
    args.finish()
    return .munmap(addr: addr, length: length)
  }

  func mprotect(_ args: inout ArgumentReader, hasKey: Bool) -> SyscallEvent.Call {
    let addr = args.address()
    let length = args.number()
    let prot = args.flags(.protection, in: symbols)
    let key = hasKey ? args.int32() : -1
    args.finish()
    return .mprotect(
      addr: addr, length: length, prot: Protection(rawValue: prot), pkey: key)
  }

  func madvise(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    let addr = args.address()
    let length = args.number()
    let advice = args.value(.advice, in: symbols)
    args.finish()
    return .madvise(
      addr: addr, length: length, advice: Advice(rawValue: UInt32(truncatingIfNeeded: advice)))
  }

  func brk(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    let addr = args.address()
    args.finish()
    return .brk(addr: addr)
  }

  func mremap(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    let oldAddress = args.address()
    let oldSize = args.number()
    let newSize = args.number()
    let flags = RemapFlags(rawValue: args.flags(.remap, in: symbols))
    // -e raw prints the fifth argument always; it means something with these flags only.
    var newAddress: Address?
    if args.state == .open {
      let address = args.address()
      if flags.intersects(.fixed | .dontUnmap) { newAddress = address }
    }
    args.finish()
    return .mremap(
      oldAddress: oldAddress, oldSize: oldSize, newSize: newSize, flags: flags,
      newAddress: newAddress)
  }

  func remapFilePages(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    let addr = args.address()
    let size = args.number()
    let prot = args.flags(.protection, in: symbols)
    let pgoff = args.number()
    let flags = args.flags(.map, in: symbols)
    args.finish()
    return .remapFilePages(
      addr: addr, size: size, prot: Protection(rawValue: prot), pgoff: pgoff,
      flags: MapFlags(rawValue: flags))
  }

  func mlock(_ args: inout ArgumentReader, hasFlags: Bool) -> SyscallEvent.Call {
    let addr = args.address()
    let length = args.number()
    let flags = hasFlags ? args.flags(.lock, in: symbols) : 0
    args.finish()
    return .mlock(addr: addr, length: length, flags: LockFlags(rawValue: flags))
  }

  func munlock(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    let addr = args.address()
    let length = args.number()
    args.finish()
    return .munlock(addr: addr, length: length)
  }

  func mlockall(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    let flags = args.flags(.lockAll, in: symbols)
    args.finish()
    return .mlockall(flags: LockAllFlags(rawValue: flags))
  }

  func munlockall(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    args.finish()
    return .munlockall
  }

  /// mseal has a third argument, its flags, which must be 0.
  func mseal(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    let addr = args.address()
    let length = args.number()
    if args.state == .open { _ = args.number() }
    args.finish()
    return .mseal(addr: addr, length: length)
  }

  func mbind(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    let addr = args.address()
    let length = args.number()
    let mode = args.flags(.memoryPolicy, in: symbols)
    let nodes = args.nodeMask()
    _ = args.number()
    let flags = args.flags(.bind, in: symbols)
    args.finish()
    return .mbind(
      addr: addr, length: length, mode: UInt32(truncatingIfNeeded: mode), nodes: nodes,
      flags: BindFlags(rawValue: flags))
  }

  func shmget(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    var key: UInt32 = 0
    if args.begin(), args.cursor.isAtDigit {
      key = UInt32(truncatingIfNeeded: args.number())
    } else {
      // IPC_PRIVATE.
      args.skip()
    }
    let size = args.number()
    args.skip()
    args.finish()
    return .shmget(size: size, key: key)
  }

  func shmat(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    let shmid = args.int32()
    let addr = args.address()
    let flags = args.flags(.attach, in: symbols)
    args.finish()
    return .shmat(shmid: shmid, addr: addr, flags: AttachFlags(rawValue: flags))
  }

  func shmdt(_ args: inout ArgumentReader) -> SyscallEvent.Call {
    let addr = args.address()
    args.finish()
    return .shmdt(addr: addr)
  }
}

extension ArgumentReader {
  /// The first word of mbind's node mask: `[0x1]`, `{0x1}`, NULL or an unreadable address.
  mutating func nodeMask() -> UInt64 {
    guard begin() else { return 0 }
    var inside = cursor
    let isList = inside.take(UInt8(ascii: "[")) || inside.take(UInt8(ascii: "{"))
    let mask = isList ? inside.integer() ?? 0 : 0
    skipValue()
    if problem == nil { end() }
    return mask
  }
}
