import AddressSpaces
import SyscallABI

// What a recording says of the kernel's own view: maps that set an address space, and maps with
// which the model can be compared.

extension ReplayEngine where Index: ~Copyable {
  mutating func meet(_ snapshot: Snapshot) {
    // Only a map that sets an address space can be the first that is heard of a process.
    let setsSpace = snapshot.moment == .exec || snapshot.moment == .attach
    let slot = setsSpace ? task(for: snapshot.pid) : tasks.find(snapshot.pid)
    var known = slot.map { tasks[$0].process }
    // A thread that the log has not named yet is one of the process whose map was read.
    if known == nil, case .inflight = snapshot.content { known = lastCompared }
    guard let process = known, !processes[process].hasEnded else { return }
    if case .maps = snapshot.content { lastCompared = process }
    switch (snapshot.moment, snapshot.content) {
    case (.exec, .maps(let entries)), (.attach, .maps(let entries)):
      let isFresh = snapshot.moment == .exec
      install(entries, in: process, line: snapshot.line, isFresh: isFresh)
    case (.exec, .stat(let stat)), (.attach, .stat(let stat)):
      adopt(stat, in: process)
      nameProgram(of: process, isFresh: snapshot.moment == .exec)
    case (_, .limits(let limits)):
      // They follow the map of an exec or attach, and name no moment of their own.
      processes[process].summary.limits = limits
      if options.keepsLimits { return }
      spaces.modify(processes[process].space) { space in
        if let stack = limits.stack { space.limits.stack = stack }
        if let bytes = limits.addressSpace { space.limits.addressSpace = bytes }
        if let bytes = limits.data { space.limits.data = bytes }
        if let bytes = limits.memLock, options.limitsLockedMemory { space.limits.memLock = bytes }
      }
    default:
      let view = processes[process].view
      spaces.read(processes[process].space) { space in
        observer.didMeet(snapshot, process: view, space: space, files: files)
      }
      if Observer.readsCertainty { narrow(by: snapshot, process: process) }
    }
  }

  /// A log that begins with execve has its initial map right after it, any other before its first
  /// event.
  mutating func claimInitialMaps(before event: SyscallEvent, process: Int) {
    if case .execve = event.call { return }
    claimInitialMaps(for: process)
  }

  /// The user's initial map for this process, if there is one that was not used yet.
  ///
  /// - Parameter isFresh: an execve was completed just now.
  mutating func claimInitialMaps(for process: Int, isFresh: Bool = false) {
    let pid = processes[process].pid
    let match = unclaimedInitialMaps.firstIndex {
      $0.pid == pid || ($0.pid == .none && processes[process].ordinal == 0)
    }
    guard let match else { return }
    let entries = unclaimedInitialMaps.remove(at: match).entries
    install(entries, in: process, line: 0, isFresh: isFresh)
    adoptFaults(of: pid, process: process)
  }

  /// Makes the address space what a snapshot shows.
  private mutating func install(
    _ entries: [MapsEntry], in process: Int, line: UInt64, isFresh: Bool
  ) {
    let id = processes[process].space
    spaces.modify(id) { $0.removeAll() }
    processes[process].vsyscallGate = nil
    processes[process].deferredWrites.removeAll(keepingCapacity: true)
    processes[process].knowsStart = true
    processes[process].implied = []
    processes[process].unplaced = []
    var layout = ProcessStat()
    var heapEnd: Address?
    for entry in entries {
      let kind = SnapshotName(paths.bytes(of: entry.name))
      switch kind {
      case .vsyscall:
        processes[process].vsyscallGate = entry.permissions
        continue
      case .heap:
        if heapEnd == nil { layout.startBrk = entry.range.start }
        heapEnd = entry.range.end
      case .stack: layout.startStack = entry.range.end &- 1
      default: break
      }
      install(entry, kind, in: id)
    }
    spaces.modify(id) { space in
      space.layout = layout
      if let heapEnd { space.setHeap(start: layout.startBrk, end: heapEnd) }
      space.deriveMmapBase()
    }
    processes[process].knowsBreak = heapEnd != nil
    nameProgram(of: process, isFresh: isFresh)
    if Observer.readsCertainty { readMap(entries, in: process, isFresh: isFresh) }
    notePeak(spaces.read(id) { $0.mapCount }, line: line, process: process)
  }

  mutating func install(
    _ entry: MapsEntry, _ kind: SnapshotName, in id: SpaceTable<Index>.ID
  ) {
    let flags = entry.vmFlags ?? kind.likelyFlags(entry.permissions)
    let isPrivateWritable = flags.contains(.write) && !flags.contains(.shared)
    let written =
      (entry.anonymousKiB ?? 0) > 0 || (isPrivateWritable && assumesInitialWrite(entry))
    let file = kind.isAnonymous ? .none : files.description(for: entry, isShareable: kind == .file)
    spaces.modify(id) { space in
      // Lines that overlap or are not whole pages cannot come from a kernel: they are left out.
      try? space.install(
        entry.range, flags: flags, file: file, offset: entry.offset,
        hasCloseHook: kind == .sysV, written: written)
    }
  }

  /// Whether writable memory of an initial map is taken to be written though the map does not say
  /// so. With known faults, smaps says all there is.
  private func assumesInitialWrite(_ entry: MapsEntry) -> Bool {
    options.faults.writesInitialMemory && !(options.faultsAreListed && entry.anonymousKiB != nil)
  }

  /// Says which file of the map is the program: the one with its code, else the one that was
  /// executed.
  private mutating func nameProgram(of process: Int, isFresh: Bool) {
    let path = processes[process].program
    let files = self.files
    spaces.modify(processes[process].space) { space in
      var program = space.vmaContaining(space.layout.startCode)?.file ?? .none
      if program == .none && path != .none {
        space.forEachVMA { vma in
          if program == .none && files[vma.file]?.name == path { program = vma.file }
        }
      }
      if program != .none { space.setExecutable(program, isFresh: isFresh) }
    }
  }

  private mutating func adopt(_ stat: ProcessStat, in process: Int) {
    let knowsBreak = processes[process].knowsBreak
    spaces.modify(processes[process].space) { space in
      let heapEnd = space.currentBreak
      space.layout = stat
      if stat.startBrk != .zero {
        space.setHeap(start: stat.startBrk, end: knowsBreak ? heapEnd : stat.startBrk)
      }
    }
    if stat.startBrk != .zero { processes[process].knowsBreak = true }
  }
}

/// What the last column of a maps line says of a VMA.
enum SnapshotName: Equatable {
  case none, heap, stack, vsyscall
  /// vdso, vvar and their kin: the kernel's own.
  case kernel
  case sysV
  /// Objects whose name many share: shared anonymous memory, memfds.
  case nameless
  case file

  init(_ bytes: [UInt8]) {
    switch String(decoding: bytes, as: UTF8.self) {
    case "": self = .none
    case "[heap]": self = .heap
    case "[stack]": self = .stack
    case "[vsyscall]": self = .vsyscall
    case "/dev/zero": self = .nameless
    case let name where name.hasPrefix("[anon:"): self = .none
    case let name where name.hasPrefix("["): self = .kernel
    case let name where name.hasPrefix("/SYSV"): self = .sysV
    case let name where name.hasPrefix("/memfd:") || name.hasPrefix("anon_inode:"):
      self = .nameless
    default: self = .file
    }
  }

  var isAnonymous: Bool { self == .none || self == .heap || self == .stack }

  /// vm_flags as far as permissions and name tell them, for a snapshot without `VmFlags:` lines.
  func likelyFlags(_ permissions: VMAFlags) -> VMAFlags {
    var flags = permissions.intersection(.access)
    flags.formUnion([.mayRead, .mayWrite, .mayExec])
    if permissions.contains(.mayShare) {
      flags.formUnion([.shared, .mayShare])
    } else if flags.contains(.write) {
      flags.insert(.account)
    }
    if self == .stack { flags.insert(.growsDown) }
    if self == .kernel {
      flags.remove(.mayWrite)
      flags.formUnion([.dontExpand, .dontDump, .io, .pfnMap])
    }
    return flags
  }
}
