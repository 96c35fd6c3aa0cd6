import AddressSpaces
import SyscallABI

// Tasks come: fork, vfork, clone.

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
    return processes.insert(state)
  }

  mutating func addTask(pid: PID, process: Int) -> Int {
    if let old = tasks.find(pid) { removeTask(old) }
    processes[process].taskCount += 1
    processes[process].summary.taskCount += 1
    if faultFeed != nil { adoptFaults(of: pid, process: process) }
    return tasks.insert(Task(pid: pid, process: process))
  }

  mutating func removeTask(_ slot: Int) {
    let process = tasks[slot].process
    if let child = tasks[slot].pending?.child, processes[child].isUnclaimed {
      discardUnclaimedChild(child)
    }
    tasks.remove(slot)
    processes[process].taskCount -= 1
    guard processes[process].taskCount == 0 else { return }
    if !processes[process].hasEnded { endProcess(process, hasEnded: true) }
    processes[process].isInUse = false
    processes.release(process)
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
    processes.release(child)
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
