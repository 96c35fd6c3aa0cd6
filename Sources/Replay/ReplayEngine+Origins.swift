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
    var live: Set<UInt32> = []
    spaces.visitAll { space in
      space.forEachVMA { vma in
        guard let origins = space.origins(of: vma.handle) else { return }
        for call in origins.low.calls { live.insert(call.rawValue) }
        for call in origins.high.calls { live.insert(call.rawValue) }
        live.insert(origins.holeBelow.rawValue)
      }
    }
    observer.calls.sweep(live: live)
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
