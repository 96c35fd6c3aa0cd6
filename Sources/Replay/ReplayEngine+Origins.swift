import AddressSpaces
import SyscallABI

// Which call made each VMA what it is, for observers that ask for it.

extension ReplayEngine where Index: ~Copyable {
  /// A call is about to be applied to the address space of `process`.
  mutating func noteCall(_ event: SyscallEvent, process: Int) {
    guard Observer.tracksOrigins else { return }
    if observer.calls.needsSweep { sweepCalls() }
    let call = observer.calls.add(event)
    spaces.modify(processes[process].space) { $0.noteCall(call) }
  }

  private mutating func sweepCalls() {
    var isLive = [Bool](repeating: false, count: observer.calls.capacity)
    spaces.visitAll { space in
      space.forEachOrigins { origins in
        origins.low.forEachCall { isLive[Int($0.rawValue)] = true }
        origins.high.forEachCall { isLive[Int($0.rawValue)] = true }
        isLive[Int(origins.holeBelow.rawValue)] = true
      }
    }
    observer.calls.sweep(isLive)
  }
}

extension TraceBatch {
  /// The stack of the call at a position; positions must be asked for in their order.
  ///
  /// - Parameter next: which stack comes next.
  func stack(of position: Int, _ next: inout Int) -> StackID {
    guard next < stacks.count, stacks[next].item == position else { return .none }
    next += 1
    return stacks[next - 1].stack
  }
}
