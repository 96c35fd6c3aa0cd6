import SyscallABI

/// A thread or process as the log names it (`task_struct`, as far as replay needs it).
struct Task: BitwiseCopyable {
  var pid: PID
  /// Position of its thread group in the engine's process table.
  var process: Int
  /// Its process has ended; what still comes from it changes nothing.
  var isDead = false
  /// The log shows a call begun and not ended: the last one.
  fileprivate(set) var isPending = false
  fileprivate var lastBegun = PendingCall.nothing

  init(pid: PID, process: Int) {
    self.pid = pid
    self.process = process
  }

  /// The call that the log shows begun and not ended.
  var pending: PendingCall? {
    get { isPending ? lastBegun : nil }
    set {
      isPending = newValue != nil
      if let newValue { lastBegun = newValue }
    }
  }
}

/// The first half of a call, kept until its second half comes.
struct PendingCall: BitwiseCopyable {
  var event: SyscallEvent
  /// Its effect is already in the model, because another thread's call proved that it came first.
  var isApplied = false
  /// For fork, vfork and clone: the child's process, if its lines came before the call returned.
  var child: Int?

  /// What a task has that never began a call.
  fileprivate static let nothing = PendingCall(
    event: SyscallEvent(
      line: 0, time: .none, duration: .none, pid: .none, source: 0, name: .munlockall,
      result: .unfinished, call: .munlockall))
}

/// What is left of the first half of a call once its second half is there.
struct EndedCall: BitwiseCopyable {
  /// The line on which it began.
  var line: UInt64
  var isApplied: Bool
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
  /// Where tasks were found, by the last digits of their numbers: log lines alternate between few.
  private var recent = InlineArray<64, Int32>(repeating: -1)
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
    let digits = Int(truncatingIfNeeded: pid.rawValue) & 63
    let guess = Int(recent[digits])
    if guess >= 0 && slots[guess].pid == pid {
      last = guess
      return guess
    }
    last = byPID[pid]
    if let last { recent[digits] = Int32(truncatingIfNeeded: last) }
    return last
  }

  /// A call of the task is in flight.
  mutating func setPending(_ event: SyscallEvent, of slot: Int) {
    forgetPending(of: slot)
    slots[slot].lastBegun = PendingCall(event: event)
    slots[slot].isPending = true
    if event.call.mayChooseAddress { choosing += 1 }
  }

  /// The call of the task is over.
  @inline(__always)
  mutating func takePending(of slot: Int) -> EndedCall? {
    guard slots[slot].isPending else { return nil }
    forgetPending(of: slot)
    let begun = slots[slot].lastBegun
    return EndedCall(line: begun.event.line, isApplied: begun.isApplied, child: begun.child)
  }

  private mutating func forgetPending(of slot: Int) {
    guard slots[slot].isPending else { return }
    if slots[slot].lastBegun.event.call.mayChooseAddress { choosing -= 1 }
    slots[slot].isPending = false
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
