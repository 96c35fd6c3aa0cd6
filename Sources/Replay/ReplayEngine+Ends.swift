import AddressSpaces
import SyscallABI

// Programs and tasks end: execve, exit, and the end of the log.

extension ReplayEngine where Index: ~Copyable {
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
      let (boundaries, status) = space.boundariesAndStatus()
      processes[index].summary.boundaries = boundaries
      // V = 1 + holes + boundaries
      processes[index].summary.holes = max(space.mapCount - 1 - boundaries.total, 0)
      processes[index].summary.status = status
    }
    noteUnplaced(index)
    if Observer.readsCertainty { noteCertaintyAtEnd(index, view) }
    if Observer.keepsObjects { showObjects(before: view, process: index) }
    foldStatistics(of: index)
    leaveSpace(of: index)
    processes[index].summary.hasEnded = hasEnded
    processes[index].hasEnded = true
    total.add(processes[index].summary)
    let isAskedFor = processes[index].pid == options.keptPID
    ended.add(
      processes[index].summary, size: isAskedFor ? .max : processes[index].summary.mapCountPeak)
  }

  /// One user of an address space less; the last one gives back what its VMAs share.
  mutating func leaveSpace(of process: Int) {
    let space = processes[process].space
    if Observer.keepsObjects && spaces.users(of: space) == 1 { endObjects(of: space) }
    spaces.removeUser(of: space)
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
