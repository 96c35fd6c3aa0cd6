import SystemPackage

/// Reads what `/proc` says of a process that stands still, as lines of a recording.
enum SnapshotText {
  /// The delay was over before the map could be read: the process has gone on, or is gone.
  static let tooLate = Errno.timedOut

  /// `# maps`, `# stat` and `# limits` right after an execve.
  ///
  /// - Throws: `tooLate`, or why the kernel does not show the map.
  static func afterExec(of pid: Int32) throws(Errno) -> String {
    _ = Stillness.settle(processOf: pid)
    guard let state = Stillness.state(ofTask: pid, in: pid), !state.isGone else { throw tooLate }
    // A new image begins with nothing on its stack but what the kernel has put there.
    let call = Stillness.call(ofTask: pid, in: pid)
    if let top = state.field(28), top > 1, call?.stackPointer != top { throw tooLate }
    var text = try maps(of: pid, event: "exec")
    if let addresses = state.addressList { text += "# stat \(pid) exec \(addresses)\n" }
    if let limits = RecordingPlatform.text(of: "/proc/\(pid)/limits") {
      text += "# limits \(pid) \(LimitList.list(limits))\n"
    }
    return text
  }

  /// `# maps` before the exit that `pid` has begun, with the calls of other threads in flight.
  ///
  /// - Throws: `tooLate`, or why the kernel does not show the map.
  static func beforeExit(of pid: Int32) throws(Errno) -> String {
    let inFlight = Stillness.settle(processOf: pid)
    let call = Stillness.call(ofTask: pid, in: pid)
    if let call, call.number != CallFilter.exit, call.number != CallFilter.exitGroup {
      throw tooLate
    }
    return try maps(of: pid, event: "exit") + list(inFlight)
  }

  /// `# maps` between two calls, with the calls of all threads in flight.
  ///
  /// - Throws: `tooLate` also where a new image is just being made, or why the kernel does not show
  ///   the map.
  static func check(of pid: Int32) throws(Errno) -> String {
    let inFlight = Stillness.settle(processOf: pid, isExiting: false)
    for task in Stillness.tasks(ofProcessOf: pid) {
      if let call = Stillness.call(ofTask: task, in: pid),
        CallFilter.imageChanging.contains(call.number)
      {
        throw tooLate
      }
    }
    return try maps(of: pid, event: "check") + list(inFlight)
  }

  private static func list(_ inFlight: [Stillness.InFlight]) -> String {
    var text = ""
    for other in inFlight {
      let arguments = other.call.arguments.joined(separator: " ")
      text += "# inflight \(other.task) \(other.call.number) \(arguments)\n"
    }
    return text
  }

  private static func maps(of pid: Int32, event: String) throws(Errno) -> String {
    var filter = SmapsFilter()
    do {
      try RecordingPlatform.forEachPiece(of: "/proc/\(pid)/smaps") { filter.absorb($0) }
    } catch {
      throw error == .noSuchFileOrDirectory || error == .noSuchProcess ? tooLate : error
    }
    // The map of a process that has ended is empty.
    guard filter.mappings > 0 else { throw tooLate }
    return "# maps \(pid) \(event)\n" + String(decoding: filter.lines, as: UTF8.self) + "# end\n"
  }
}
