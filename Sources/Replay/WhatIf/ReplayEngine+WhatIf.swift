import AddressSpaces
import SyscallABI
import SystemPackage

// A replay in which something was otherwise (`WhatIfRule`): a call does what the model says instead
// of what the log says, unless the model was wrong about it without any rule.

extension ReplayEngine where Index: ~Copyable {
  /// Applies a call as the rules change it.
  ///
  /// - Parameter isApplied: another thread's call has shown that it came earlier.
  mutating func applyRewritten(
    _ event: SyscallEvent, process: Int, in batch: TraceBatch, isApplied: Bool
  ) {
    guard !event.result.isInjected else { return }
    guard event.result.outcome == .returned || event.result.outcome == .failed else { return }
    let position = PeakFinder.Position(line: event.line, source: event.source)
    let isUnpredicted = observer.rewriter.unpredicted.contains(position)
    let outcome = spaces.read(processes[process].space) {
      observer.rewriter.rewrite(event, in: $0)
    }
    switch outcome {
    case .leftOut: uncountFailure(of: event, process: process)
    case .asRecorded:
      if isApplied { return }
      if isUnpredicted {
        applyAsRecorded(event, process: process, in: batch)
      } else {
        _ = applyAsPredicted(event, process: process, in: batch, isRecorded: true)
      }
    case .replaced(let calls):
      // Why it was refused is not known: that would be so all the same.
      if isUnpredicted && event.result.outcome == .failed { return }
      for call in calls {
        if !applyAsPredicted(call, process: process, in: batch) { return }
      }
      if event.result.outcome == .failed { uncountFailure(of: event, process: process) }
    }
  }

  private mutating func applyAsRecorded(
    _ event: SyscallEvent, process: Int, in batch: TraceBatch
  ) {
    if case .brk(let addr) = event.call {
      applyBreak(event, asked: addr, process: process)
    } else if event.result.outcome == .returned {
      applySuccess(event, process: process, in: batch)
    } else {
      applyFailure(event, process: process, in: batch)
    }
  }

  /// - Returns: false if the call is refused.
  private mutating func applyAsPredicted(
    _ event: SyscallEvent, process: Int, in batch: TraceBatch, isRecorded: Bool = false
  ) -> Bool {
    if case .brk(let addr) = event.call {
      return applyPredictedBreak(event, asked: addr, process: process)
    }
    guard let operation = operation(for: event, process: process, in: batch) else { return true }
    if isRecorded && operation.isUnknown(to: options.profile) {
      applyAsRecorded(event, process: process, in: batch)
      return true
    }
    if event.result.outcome == .returned, let placed = operation.placedRange {
      clearWay(for: placed, event, process: process)
    }
    if tasks.choosing > 0 && event.result.outcome == .returned {
      letEarlierGoFirst(event, process: process, in: batch)
    }
    let expected = spaces.modify(processes[process].space) { space -> Errno? in
      let failure = operation.failure(in: space) ?? operation.unknownAdvice(space.profile)
      if failure != nil { operation.perform(on: &space, leniently: false) }
      return failure
    }
    if let expected {
      if event.result.outcome == .returned { refuse(event, expected, process: process) }
      return false
    }
    if event.result.outcome == .failed { return grant(event, process: process, in: batch) }
    spaces.modify(processes[process].space) { operation.perform(on: &$0, leniently: true) }
    noteWrites(of: operation, process: process)
    return true
  }

  /// A call that the log shows refused would have been granted. Where it would have put something
  /// is not in the log: it is done only if the call itself says where.
  private mutating func grant(
    _ event: SyscallEvent, process: Int, in batch: TraceBatch
  ) -> Bool {
    uncountFailure(of: event, process: process)
    var granted = event
    switch event.call {
    case .mmap(let addr, _, _, let flags, _, _, _):
      guard flags.contains(.fixed) || flags.contains(.fixedNoReplace) else { return true }
      granted.result = .returned(addr.rawValue)
    case .mremap(_, _, _, _, let newAddress):
      guard let newAddress else { return true }
      granted.result = .returned(newAddress.rawValue)
    case .shmat: return true
    default: granted.result = .returned(0)
    }
    guard let operation = operation(for: granted, process: process, in: batch) else { return true }
    spaces.modify(processes[process].space) { operation.perform(on: &$0, leniently: true) }
    noteWrites(of: operation, process: process)
    return true
  }

  private mutating func applyPredictedBreak(
    _ event: SyscallEvent, asked: Address, process: Int
  ) -> Bool {
    let recorded = Address(event.result.value)
    let current = spaces.read(processes[process].space) { $0.currentBreak }
    let tellsBreak =
      recorded != asked && recorded.roundedUpToPage == current.roundedUpToPage
    guard processes[process].knowsBreak, !tellsBreak, asked != .zero else {
      applyBreak(event, asked: asked, process: process)
      return true
    }
    let new = spaces.modify(processes[process].space) { $0.brk(asked) }
    let (oldEnd, newEnd) = (current.roundedUpToPage, new.roundedUpToPage)
    if newEnd > oldEnd { assumeWritten(AddressRange(oldEnd, newEnd), process: process) }
    if newEnd < oldEnd { noteUnmapping(process: process) }
    if new != asked && recorded == asked {
      refuse(event, .noMemory, process: process)
      return false
    }
    return true
  }

  /// The log shows the call granted.
  private mutating func refuse(_ event: SyscallEvent, _ errno: Errno, process: Int) {
    processes[process].summary.failures[errno.rawValue, default: 0] += 1
    if observer.rewriter.firstRefused == nil {
      observer.rewriter.firstRefused = RecordedCall(event)
    }
  }

  private mutating func uncountFailure(of event: SyscallEvent, process: Int) {
    guard event.result.outcome == .failed else { return }
    let count = processes[process].summary.failures[event.result.errno, default: 0]
    processes[process].summary.failures[event.result.errno] = count > 1 ? count - 1 : nil
  }
}

extension MapOperation {
  /// Guards that the kernel does not know cannot be made.
  fileprivate func unknownAdvice(_ profile: KernelProfile) -> Errno? {
    guard case .madvise(_, _, .guardInstall) = self else { return nil }
    return profile.version < KernelVersion(6, 13) ? .invalidArgument : nil
  }
}
