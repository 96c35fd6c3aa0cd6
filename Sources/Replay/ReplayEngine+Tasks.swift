import AddressSpaces
import SyscallABI

// Tasks come and go: fork, vfork, clone, execve, exit.

extension ReplayEngine where Index: ~Copyable {
  // MARK: Tables

  /// A new address space without VMAs.
  mutating func insertSpace(limits: AddressSpaceLimits? = nil) -> SpaceTable<Index>.ID {
    let limits = limits ?? options.limits
    var space = AddressSpace<Index>(profile: options.profile, limits: limits)
    if options.ignoresWrites { space.ignoreWrites() }
    let id = spaces.insert(space)
    if Observer.keepsObjects { startObjects(of: id) }
    if Observer.readsCertainty { certainty.start(id.slot, options.profile) }
    return id
  }

  mutating func addProcess(pid: PID, space: SpaceTable<Index>.ID) -> Int {
    var state = ProcessState<Index>(pid: pid, ordinal: nextOrdinal, space: space)
    state.summary.mapCountPeak = spaces.read(space) { $0.mapCount }
    nextOrdinal += 1
    if let slot = freeProcesses.popLast() {
      processes[slot] = state
      return slot
    }
    processes.append(state)
    return processes.count - 1
  }

  mutating func addTask(pid: PID, process: Int) -> Int {
    if let old = tasks.find(pid) { removeTask(old) }
    processes[process].taskCount += 1
    processes[process].summary.taskCount += 1
    if faultFeed != nil { adoptFaults(of: pid, process: process) }
    return tasks.insert(Task(pid: pid, process: process))
  }

  private mutating func removeTask(_ slot: Int) {
    let process = tasks[slot].process
    if let child = tasks[slot].pending?.child, processes[child].isUnclaimed {
      discardUnclaimedChild(child)
    }
    tasks.remove(slot)
    processes[process].taskCount -= 1
    guard processes[process].taskCount == 0 else { return }
    if !processes[process].hasEnded { endProcess(process, hasEnded: true) }
    processes[process].isInUse = false
    freeProcesses.append(process)
  }

  // MARK: Birth

  /// A call that makes a new address space has begun: the child has the map of this moment.
  mutating func prepareChild(of slot: Int) {
    guard let call = tasks[slot].pending?.event.call, call.startsTask, !call.sharesProcess
    else { return }
    let name = tasks[slot].pending!.event.name
    let line = tasks[slot].pending!.event.line
    tasks[slot].pending!.child = makeChild(
      of: tasks[slot].process, sharesSpace: call.sharesSpace(name), line: line)
  }

  private mutating func makeChild(of parent: Int, sharesSpace: Bool, line: UInt64) -> Int {
    let space: SpaceTable<Index>.ID
    if sharesSpace {
      space = processes[parent].space
      spaces.addUser(of: space)
    } else {
      let copy = spaces.read(processes[parent].space) { $0.fork() }
      space = spaces.insert(copy)
      if Observer.keepsObjects { inheritObjects(from: processes[parent].space, to: space) }
      if Observer.readsCertainty {
        certainty.fork(processes[parent].space.slot, to: space.slot, options.profile)
      }
    }
    let child = addProcess(pid: .none, space: space)
    processes[child].isUnclaimed = true
    processes[child].summary.peakLine = line
    if Observer.readsCertainty { noteInterval(process: child) }
    processes[child].program = processes[parent].program
    processes[child].summary.comm = processes[parent].summary.comm
    processes[child].deferredWrites = processes[parent].deferredWrites
    processes[child].summary.limits = processes[parent].summary.limits
    processes[child].summary.parent = processes[parent].pid
    processes[child].vsyscallGate = processes[parent].vsyscallGate
    processes[child].knowsBreak = processes[parent].knowsBreak
    processes[child].knowsStart = processes[parent].knowsStart
    processes[child].implied = processes[parent].implied
    processes[child].unplaced = processes[parent].unplaced
    processes[child].descriptors = processes[parent].descriptors
    return child
  }

  /// fork, vfork, clone or clone3 has returned in the parent.
  mutating func completeClone(_ event: SyscallEvent, slot: Int, pending: EndedCall?) {
    guard event.result.succeeded, event.result.value != 0,
      let number = Int32(exactly: event.result.value)
    else {
      if let child = pending?.child, processes[child].isUnclaimed {
        discardUnclaimedChild(child)
      }
      return
    }
    let pid = PID(number)
    if event.call.sharesProcess {
      if let old = tasks.find(pid), !tasks[old].isDead { return }
      _ = addTask(pid: pid, process: tasks[slot].process)
      return
    }
    if let known = pending?.child, !processes[known].isUnclaimed {
      // Adopted early; another call in flight may have been taken for its parent.
      if tasks.find(pid) == nil { _ = addTask(pid: pid, process: known) }
      return
    }
    let child =
      pending?.child
      ?? makeChild(
        of: tasks[slot].process, sharesSpace: event.call.sharesSpace(event.name),
        line: event.line)
    claim(child, as: pid)
    _ = addTask(pid: pid, process: child)
  }

  mutating func claim(_ child: Int, as pid: PID) {
    processes[child].pid = pid
    processes[child].summary.pid = pid
    processes[child].summary.statusPID = pid
    processes[child].isUnclaimed = false
  }

  mutating func discardUnclaimedChild(_ child: Int) {
    leaveSpace(of: child)
    processes[child].hasEnded = true
    processes[child].isInUse = false
    freeProcesses.append(child)
  }

  // MARK: execve

  /// A new program: a new address space, and the other threads are gone.
  mutating func completeExecve(_ event: SyscallEvent, path: FileID, slot: Int) {
    let process = tasks[slot].process
    for other in tasks.slots(where: { $0.process == process }) where other != slot {
      if let child = tasks[other].pending?.child, processes[child].isUnclaimed {
        discardUnclaimedChild(child)
      }
      tasks.remove(other)
      processes[process].taskCount -= 1
    }
    foldStatistics(of: process)
    let limits = spaces.read(processes[process].space) { $0.limits }
    leaveSpace(of: process)
    processes[process].space = insertSpace(limits: limits)
    processes[process].deferredWrites.removeAll(keepingCapacity: true)
    processes[process].knowsBreak = false
    processes[process].knowsStart = false
    processes[process].implied = []
    noteUnplaced(process)
    if !processes[process].descriptors.isEmpty {
      processes[process].descriptors = processes[process].descriptors.filter {
        !$0.value.closesOnExec
      }
    }
    if path != .none {
      processes[process].program = path
      processes[process].summary.comm = baseName(path)
    }
    claimInitialMaps(for: process, isFresh: true)
    loadProgram(path, process: process)
  }

  private func baseName(_ path: FileID) -> String {
    let bytes = paths.bytes(of: path)
    let start = bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    return String(decoding: bytes[start...], as: UTF8.self)
  }

  // MARK: Death

  /// The line that says that a task is gone.
  mutating func end(_ end: ProcessEnd) {
    guard let slot = tasks.find(end.pid) else { return }
    // The thread that called execve goes on under this number.
    let process = tasks[slot].process
    switch end.cause {
    case .superseded: return
    case .exited(let status):
      if processes[process].taskCount == 1 { noteExit(.exited(status: status), of: process) }
    case .killed(let signal, _): noteExit(.killed(signal: signal), of: process)
    }
    removeTask(slot)
  }

  /// exit_group: the process ends here, whatever its threads still say.
  mutating func completeExitGroup(slot: Int, status: Int32) {
    let process = tasks[slot].process
    noteExit(.exited(status: status & 0xff), of: process)
    guard !processes[process].hasEnded else { return }
    endProcess(process, hasEnded: true)
    for task in tasks.slots(where: { $0.process == process }) { tasks[task].isDead = true }
  }

  /// The first end that the log shows of a process is how it ended.
  private mutating func noteExit(_ exit: ExitState, of process: Int) {
    if processes[process].hasEnded || processes[process].summary.exit != nil { return }
    processes[process].summary.exit = exit
  }

  /// Takes down what is known of a process and gives its address space back.
  mutating func endProcess(_ index: Int, hasEnded: Bool) {
    processes[index].hasEnded = hasEnded
    let view = processes[index].view
    spaces.read(processes[index].space) { space in
      observer.willEnd(view, space: space, files: files)
      processes[index].summary.mapCount = space.mapCount
      processes[index].summary.totalVM = space.totalVM
      for implied in processes[index].implied {
        let pages = implied.range.lengthInPages
        if implied.isPlaced {
          processes[index].summary.placedPages += pages
        } else {
          processes[index].summary.impliedPages += pages
        }
      }
      let boundaries = space.boundaryCounts()
      processes[index].summary.boundaries = boundaries
      // V = 1 + holes + boundaries
      processes[index].summary.holes = max(space.mapCount - 1 - boundaries.total, 0)
      processes[index].summary.status = space.vmStatus
    }
    noteUnplaced(index)
    if Observer.readsCertainty { noteCertaintyAtEnd(index, view) }
    if Observer.keepsObjects { showObjects(before: view, process: index) }
    foldStatistics(of: index)
    leaveSpace(of: index)
    processes[index].summary.hasEnded = hasEnded
    processes[index].hasEnded = true
    total.add(processes[index].summary)
    if summaries.count == 128 { summaries.reserveCapacity(Self.summaryRoom) }
    summaries.append(processes[index].summary)
    if summaries.count == Self.summaryRoom { dropSmallSummaries() }
  }

  /// One user of an address space less; the last one gives back what its VMAs share.
  private mutating func leaveSpace(of process: Int) {
    let space = processes[process].space
    if Observer.keepsObjects && spaces.users(of: space) == 1 { endObjects(of: space) }
    spaces.removeUser(of: space)
  }

  /// Leaves the processes with the most VMAs at their peak, in the order in which they ended.
  ///
  /// A summary is large: none is copied to be sorted.
  mutating func dropSmallSummaries() {
    let excess = summaries.count - Self.summaryLimit
    guard excess > 0 else { return }
    omittedSummaries += excess
    let sizes = summaries.map { $0.pid == options.keptPID ? Int.max : $0.mapCountPeak }
    let bySize = sizes.indices.sorted { (sizes[$1], $0) < (sizes[$0], $1) }
    var kept = 0
    for index in bySize.prefix(Self.summaryLimit).sorted() {
      if index != kept { summaries.swapAt(kept, index) }
      kept += 1
    }
    summaries.removeLast(excess)
  }

  /// Adds the counters of an address space to the process that is its last user.
  private mutating func foldStatistics(of process: Int) {
    let space = processes[process].space
    guard spaces.users(of: space) == 1 else { return }
    let (statistics, cache) = spaces.read(space) { ($0.statistics, $0.cacheStatistics) }
    processes[process].summary.statistics.add(statistics)
    processes[process].summary.cache.hits += cache.hits
    processes[process].summary.cache.lookups += cache.lookups
  }
}

extension SyscallEvent.Call {
  /// fork, vfork, clone, clone3.
  var startsTask: Bool {
    switch self {
    case .clone, .clone3, .fork: true
    default: false
    }
  }

  private var cloneFlags: CloneFlags? {
    switch self {
    case .clone(let flags, _), .clone3(let flags, _, _): flags
    default: nil
    }
  }

  /// The new task is a thread of the same process.
  var sharesProcess: Bool { cloneFlags?.contains(.thread) ?? false }

  /// The new task has the same address space, not a copy.
  func sharesSpace(_ name: SyscallName) -> Bool {
    cloneFlags.map { $0.contains(.vm) } ?? (name == .vfork)
  }
}
