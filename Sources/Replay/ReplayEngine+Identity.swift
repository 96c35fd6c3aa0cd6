import AddressSpaces
import SyscallABI

// Which task a line is about. A log need not announce a task before it names it, and need not name
// it at all.

extension ReplayEngine where Index: ~Copyable {
  /// The task that an event is about, made if the log has not shown it yet.
  @inline(__always)
  mutating func task(for event: SyscallEvent) -> Int {
    if event.pid != .none, let slot = tasks.find(event.pid) { return slot }
    return unusualTask(for: event)
  }

  @inline(never)
  private mutating func unusualTask(for event: SyscallEvent) -> Int {
    if event.pid != .none, tasks.find(event.pid) == nil,
      let unnamed = tasks.find(.none), let pending = tasks[unnamed].pending,
      pending.event.name == event.name, pending.event.time == event.time
    {
      // Begun while the log named nobody, ended when it did.
      rename(unnamed, to: event.pid)
    }
    return task(for: event.pid)
  }

  /// The task of this number, made if the log has not shown it yet.
  mutating func task(for pid: PID) -> Int {
    if let slot = tasks.find(pid) { return slot }
    if pid == .none {
      // Nobody is named while one task lives.
      let live = tasks.slots { !$0.isDead }
      if live.count == 1 { return live[0] }
    } else {
      if let slot = adoptUnannouncedChild(pid) { return slot }
      if let unnamed = tasks.find(.none) {
        // The first process, which had no name while it was alone.
        rename(unnamed, to: pid)
        return unnamed
      }
    }
    let process = addProcess(pid: pid, space: insertSpace())
    return addTask(pid: pid, process: process)
  }

  private mutating func rename(_ slot: Int, to pid: PID) {
    tasks.rename(slot, to: pid)
    let process = tasks[slot].process
    if processes[process].pid == .none {
      processes[process].pid = pid
      processes[process].summary.pid = pid
      processes[process].summary.statusPID = pid
    }
  }

  /// A child's lines can come before the line on which its clone returns: takes it for the child
  /// of the call in flight that began first.
  private mutating func adoptUnannouncedChild(_ pid: PID) -> Int? {
    let parents = tasks.slots { task in
      guard let pending = task.pending, pending.event.call.startsTask else { return false }
      if pending.event.call.sharesProcess { return true }
      return pending.child.map { processes[$0].isUnclaimed } ?? false
    }
    let parent = parents.min { tasks[$0].pending!.event.line < tasks[$1].pending!.event.line }
    guard let parent else { return nil }
    if let child = tasks[parent].pending!.child {
      claim(child, as: pid)
      return addTask(pid: pid, process: child)
    }
    return addTask(pid: pid, process: tasks[parent].process)
  }
}
