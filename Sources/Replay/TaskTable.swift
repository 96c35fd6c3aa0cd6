import SyscallABI

/// A thread or process as the log names it (`task_struct`, as far as replay needs it).
struct Task: BitwiseCopyable {
  var pid: PID
  /// Position of its thread group in the engine's process table.
  var process: Int
  /// The call that the log shows begun and not ended.
  var pending: PendingCall?
  /// Its process has ended; what still comes from it changes nothing.
  var isDead = false
}

/// The first half of a call, kept until its second half comes.
struct PendingCall: BitwiseCopyable {
  var event: SyscallEvent
  /// Its effect is already in the model, because another thread's call proved that it came first.
  var isApplied = false
  /// For fork, vfork and clone: the child's process, if its lines came before the call returned.
  var child: Int?
}

/// The tasks that live, found by pid.
///
/// Consecutive events mostly come from the same task, so the last one found is tried first.
struct TaskTable {
  private var slots: [Task] = []
  private var free: [Int] = []
  private var byPID: [PID: Int] = [:]
  private var last: Int?
  /// How many of the calls in flight may have an address chosen by the kernel.
  private(set) var choosing = 0

  /// Yields the task in its place: with a call in flight it is too large to be copied at each use.
  subscript(slot: Int) -> Task {
    _read { yield slots[slot] }
    _modify { yield &slots[slot] }
  }

  /// Where the task with this number is; nil if none lives.
  ///
  /// - Complexity: O(1).
  @inline(__always)
  mutating func find(_ pid: PID) -> Int? {
    if let last, slots[last].pid == pid { return last }
    return findAnew(pid)
  }

  @inline(never)
  private mutating func findAnew(_ pid: PID) -> Int? {
    last = byPID[pid]
    return last
  }

  /// A call of the task is in flight.
  mutating func setPending(_ event: SyscallEvent, of slot: Int) {
    forgetPending(of: slot)
    slots[slot].pending = PendingCall(event: event)
    if event.call.mayChooseAddress { choosing += 1 }
  }

  /// The call of the task is over.
  mutating func takePending(of slot: Int) -> PendingCall? {
    guard let pending = slots[slot].pending else { return nil }
    forgetPending(of: slot)
    return pending
  }

  private mutating func forgetPending(of slot: Int) {
    if let call = slots[slot].pending?.event.call, call.mayChooseAddress { choosing -= 1 }
    slots[slot].pending = nil
  }

  /// Takes a task in; one of the same number gives way to it.
  mutating func insert(_ task: Task) -> Int {
    if let slot = byPID[task.pid] {
      forgetPending(of: slot)
      slots[slot] = task
      return slot
    }
    let slot: Int
    if let reused = free.popLast() {
      slots[reused] = task
      slot = reused
    } else {
      slot = slots.count
      slots.append(task)
    }
    byPID[task.pid] = slot
    return slot
  }

  /// Gives a task its number, which the log did not print before.
  mutating func rename(_ slot: Int, to pid: PID) {
    byPID[slots[slot].pid] = nil
    slots[slot].pid = pid
    byPID[pid] = slot
    last = slot
  }

  mutating func remove(_ slot: Int) {
    byPID[slots[slot].pid] = nil
    if last == slot { last = nil }
    slots[slot].pid = PID(.min)
    forgetPending(of: slot)
    free.append(slot)
  }

  /// The slots of the tasks that live and satisfy `condition`, in no particular order.
  func slots(where condition: (Task) -> Bool) -> [Int] {
    byPID.values.filter { condition(slots[$0]) }
  }

  /// The number of tasks that live.
  var count: Int { byPID.count }
}
