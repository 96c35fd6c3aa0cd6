import SystemPackage

/// Makes a map stand still while it is read, without a signal to the traced program.
///
/// A task of the program goes on after each call only when strace lets it. So strace itself is
/// stopped: soon every task waits in tracing stop, or sleeps in a call that leaves maps alone.
struct Stillness {
  /// A task, not the one that exits, in a call that may or may not have had its effect.
  struct InFlight: Equatable {
    var task: Int32
    var call: TaskCall
  }

  let strace: Int32
  /// A task that has run so many clock ticks outside the kernel computes, and changes no map. Of a
  /// running task the kernel does not say whether it is in a call.
  private static let ticksOfComputing: UInt64 = 2
  /// A call that changes maps ends at last, or its task waits for another one's page.
  private static let limitMicroseconds = 1_000_000

  /// Stops strace.
  ///
  /// - Returns: false if strace has ended.
  func begin() -> Bool {
    RecordingPlatform.send(RecordingPlatform.stop, to: strace)
    while true {
      guard let state = Self.state(ofTask: strace, in: strace), !state.isGone else { return false }
      if state.letter == "T" { return true }
      RecordingPlatform.sleep(microseconds: 100)
    }
  }

  func end() { RecordingPlatform.send(RecordingPlatform.goOn, to: strace) }

  /// Waits until no task of a process changes the map.
  ///
  /// - Parameter isExiting: the task `pid` itself is held in a call that leaves the map alone.
  /// - Returns: the calls that have begun.
  static func settle(processOf pid: Int32, isExiting: Bool = true) -> [InFlight] {
    let held = isExiting ? pid : 0
    let start = RecordingPlatform.now()
    var ticksAtFirst: [Int32: UInt64] = [:]
    while true {
      var inFlight: [InFlight] = []
      var isStill = true
      for (process, task) in tasksWithMap(of: pid) {
        guard let state = state(ofTask: task, in: process), !state.isGone else { continue }
        let call = call(ofTask: task, in: process)
        let changesMap = call.map { CallFilter.mapChanging.contains($0.number) } ?? false
        if state.letter == "t" {
          if task != held, changesMap, let call { inFlight.append(.init(task: task, call: call)) }
        } else if changesMap {
          isStill = false
          if task != held, let call { inFlight.append(.init(task: task, call: call)) }
        } else if call == nil {
          let ticks = state.field(14) ?? 0
          let first = ticksAtFirst[task, default: ticks]
          ticksAtFirst[task] = first
          if ticks - first < ticksOfComputing { isStill = false }
        }
      }
      if isStill || RecordingPlatform.now() - start > limitMicroseconds { return inFlight }
      RecordingPlatform.sleep(microseconds: 100)
    }
  }

  /// The tasks of the process of `pid`; of a child of vfork also those of its parent, whose map it
  /// uses.
  private static func tasksWithMap(of pid: Int32) -> [(process: Int32, task: Int32)] {
    var result = tasks(ofProcessOf: pid).map { (process: pid, task: $0) }
    guard let parent = state(ofTask: pid, in: pid)?.field(4).flatMap({ Int32(exactly: $0) })
    else { return result }
    let siblings = tasks(ofProcessOf: parent)
    // No other use of these calls makes its caller wait.
    let isLent = siblings.contains { task in
      state(ofTask: task, in: parent)?.letter == "D"
        && CallFilter.taskMaking.contains(call(ofTask: task, in: parent)?.number ?? -1)
    }
    if isLent { result += siblings.map { (process: parent, task: $0) } }
    return result
  }

  static func tasks(ofProcessOf pid: Int32) -> [Int32] {
    RecordingPlatform.names(in: "/proc/\(pid)/task").compactMap { Int32($0) }.sorted()
  }

  static func state(ofTask task: Int32, in pid: Int32) -> TaskState? {
    RecordingPlatform.text(of: "/proc/\(pid)/task/\(task)/stat").flatMap(TaskState.init(stat:))
  }

  static func call(ofTask task: Int32, in pid: Int32) -> TaskCall? {
    RecordingPlatform.text(of: "/proc/\(pid)/task/\(task)/syscall").flatMap(TaskCall.init)
  }

  /// The pid of the process that a task belongs to; nil if the task is gone.
  static func leader(of task: Int32) -> Int32? {
    let status = RecordingPlatform.text(of: "/proc/\(task)/status")
    let line = status?.split(separator: "\n").first { $0.hasPrefix("Tgid:") }
    return line.flatMap { Int32($0.dropFirst("Tgid:".count).drop { $0 == "\t" || $0 == " " }) }
  }
}
