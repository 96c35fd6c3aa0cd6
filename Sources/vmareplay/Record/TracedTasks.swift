/// The tasks that the log names and that still live, by the log alone.
struct TracedTasks {
  /// What has to be read of a process now, while a delay holds it.
  enum Due: Equatable {
    /// The map that an execve has made.
    case exec(pid: Int32)
    /// The map before the whole process exits.
    case exit(pid: Int32)
    /// The map as it is after so many calls.
    case check(pid: Int32)
    /// One thread exits: the map is the last one only if no other thread goes on living.
    case threadExit(pid: Int32)
  }

  private struct Task {
    var process: Int32
    var isExiting = false
  }

  private var tasks: [Int32: Task] = [:]
  /// Processes (by their leader's pid) whose last map has been read.
  private var recordedExits: Set<Int32> = []
  private let leader: (Int32) -> Int32?

  /// - Parameter leader: the pid of the process that a task belongs to; nil if it is gone.
  init(leader: @escaping (Int32) -> Int32?) {
    self.leader = leader
  }

  var count: Int { tasks.count }

  /// Takes note that a line names this task.
  mutating func see(_ pid: Int32) {
    guard tasks[pid] == nil else { return }
    tasks[pid] = Task(process: leader(pid) ?? pid)
  }

  /// A call of `creator` has returned the pid of this task. Its process is looked up now: a thread
  /// that makes no recorded call is not named again before it is gone. One that is gone already was
  /// a thread of its creator: a process stays visible until its parent has waited for it.
  mutating func created(_ pid: Int32, by creator: Int32) {
    guard tasks[pid] == nil else { return }
    tasks[pid] = Task(process: leader(pid) ?? process(of: creator))
  }

  /// Whether a task, and it alone, is about to end.
  func isExiting(_ pid: Int32) -> Bool { tasks[pid]?.isExiting ?? false }

  /// The pid under which the process of a task is known.
  func process(of pid: Int32) -> Int32 { tasks[pid]?.process ?? pid }

  mutating func execveCompleted(_ pid: Int32) -> Due {
    // Whoever called it, the new image has one thread, and that has the leader's pid.
    tasks[pid] = Task(process: pid)
    recordedExits.remove(pid)
    return .exec(pid: pid)
  }

  mutating func exitBegun(_ pid: Int32, wholeGroup: Bool) -> Due? {
    // Who ends the whole process is not counted: that exit has a snapshot of its own.
    tasks[pid]?.isExiting = !wholeGroup
    guard !isExitRecorded(pid) else { return nil }
    return wholeGroup ? .exit(pid: pid) : .threadExit(pid: pid)
  }

  /// Whether the last map of the process of this task is in the recording.
  func isExitRecorded(_ pid: Int32) -> Bool { recordedExits.contains(process(of: pid)) }

  /// The last map of the process of this task is in the recording now.
  mutating func exitRecorded(_ pid: Int32) { recordedExits.insert(process(of: pid)) }

  /// A signal has ended the task.
  ///
  /// - Returns: whether this was the end of a process without an `exit` snapshot.
  mutating func killed(_ pid: Int32) -> Bool {
    let isLast = process(of: pid) == pid && !recordedExits.contains(pid)
    ended(pid)
    return isLast
  }

  mutating func ended(_ pid: Int32) {
    guard let task = tasks.removeValue(forKey: pid), task.process == pid else { return }
    recordedExits.remove(pid)
  }

  mutating func superseded(_ pid: Int32, by thread: Int32) {
    tasks[thread] = nil
    tasks[pid] = Task(process: pid)
  }
}
