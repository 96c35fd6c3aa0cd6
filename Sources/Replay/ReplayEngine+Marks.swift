import AddressSpaces
import SyscallABI

// The way back to a moment of which only the rest of the log tells that it matters: the peak. The
// log is read once. The address space of the moment keeps what its VMAs were, as far as they
// change later, and is kept itself if its process ends.

extension ReplayEngine where Index: ~Copyable {
  /// The observer wants to come back to what the address space of `process` is now.
  mutating func mark(_ process: Int, after event: SyscallEvent) {
    // What was written right after the call belongs to the moment.
    if faultFeed != nil { advance(line: event.line + 1, time: .none) }
    let id = processes[process].space
    if let old = spaces.kept, old != id { spaces.modify(old) { $0.clearMark() } }
    spaces.keep(id)
    spaces.modify(id) { $0.setMark() }
  }

  /// The log is over and its processes have ended.
  mutating func returnToMark() {
    guard let id = spaces.kept else { return }
    spaces.modify(id) { $0.returnToMark() }
    spaces.read(id) { observer.didReturn(to: $0, files: files) }
  }
}
