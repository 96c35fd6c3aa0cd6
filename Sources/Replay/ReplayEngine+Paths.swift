import AddressSpaces
import SyscallABI

// The path of one call, for the observer that asks for it.

extension ReplayEngine where Index: ~Copyable {
  /// Asks the observer whether it wants the path of this call.
  mutating func beginPath(_ event: SyscallEvent, process: Int) -> Bool {
    let view = processes[process].view
    let isWanted = spaces.read(processes[process].space) { space in
      observer.willApply(event, process: view, space: space, files: files)
    }
    if isWanted { spaces.modify(processes[process].space) { $0.beginPath() } }
    return isWanted
  }

  mutating func endPath(_ event: SyscallEvent, process: Int) {
    guard !processes[process].hasEnded else { return }
    var path = spaces.modify(processes[process].space) { $0.endPath() }
    let view = processes[process].view
    spaces.read(processes[process].space) { space in
      if path.steps.isEmpty, case .brk(let address) = event.call {
        // A break that stays where it is changes nothing, and is not carried out in a replay.
        path = space.pathOfBreak(address)
      }
      observer.didTrace(path, of: event, process: view, space: space, files: files)
    }
  }
}
