import AddressSpaces
import SyscallABI

// Which open file is behind a descriptor, as far as the log says it.

/// An open file, as one descriptor of a process names it.
struct OpenDescriptor: BitwiseCopyable {
  /// The same for all duplicates of one open.
  var open: UInt64
  var path: UInt64
  var access: FileAccess
  var closesOnExec: Bool
}

extension ReplayEngine where Index: ~Copyable {
  /// open, dup, close and their kin.
  mutating func apply(_ event: DescriptorEvent) {
    // These calls alone make no process known: a log of them would be one of files.
    guard let slot = tasks.find(event.pid) ?? tasks.find(.none), !tasks[slot].isDead else {
      return
    }
    let process = tasks[slot].process
    switch event.change {
    case .opened(let fd, let path, let access, let closesOnExec):
      nextOpen += 1
      processes[process].descriptors[fd] = OpenDescriptor(
        open: nextOpen, path: path, access: access, closesOnExec: closesOnExec)
    case .duplicated(let from, let to, let closesOnExec):
      var copy = processes[process].descriptors[from]
      if from != to { copy?.closesOnExec = closesOnExec }
      processes[process].descriptors[to] = copy
    case .marked(let fd, let closesOnExec):
      processes[process].descriptors[fd]?.closesOnExec = closesOnExec
    case .closed(let fd):
      processes[process].descriptors[fd] = nil
    }
  }

  /// The open file that a mapping has; nil where the log has not shown it being opened, or shows
  /// another name for it.
  func openDescriptor(_ number: Int32, path: FileID, process: Int) -> OpenDescriptor? {
    guard !processes[process].descriptors.isEmpty,
      let known = processes[process].descriptors[number]
    else { return nil }
    if path == .none || known.path == 0 { return known }
    return PathFingerprint.of(paths.bytes(of: path)) == known.path ? known : nil
  }
}
