import AddressSpaces
import SyscallABI
import SystemPackage

// One call: from the log's two halves to an operation of the model.

extension ReplayEngine where Index: ~Copyable {
  /// The first half of a call. Nothing happens to the map yet, but the rest of the log may prove
  /// that the call took effect before its second half was printed.
  mutating func begin(_ event: SyscallEvent) {
    let slot = task(for: event)
    tasks.setPending(event, of: slot)
    if Observer.rewritesCalls, observer.rewriter.leavesOut(event) {
      tasks[slot].pending!.isApplied = true
    }
    if event.call.startsTask && !tasks[slot].isDead { prepareChild(of: slot) }
  }

  /// A call with its result, or one that the log never shows the end of.
  mutating func complete(_ event: SyscallEvent, in batch: TraceBatch) {
    var slot = task(for: event)
    let pending = tasks.takePending(of: slot)
    if tasks[slot].isDead {
      // A number given again: execve can only come from a task that lives.
      guard case .execve = event.call, event.result.succeeded else { return }
      slot = revive(slot)
    }
    let process = tasks[slot].process
    if !unclaimedInitialMaps.isEmpty { claimInitialMaps(before: event, process: process) }
    count(event, process: process)
    noteCall(event, process: process)
    if Observer.looksBeforeCalls { announce(event, process: process) }
    let isTraced = Observer.tracesCalls && beginPath(event, process: process)
    switch event.call {
    case .exit(let status):
      if event.name == .exitGroup { completeExitGroup(slot: slot, status: status) }
      return
    case .execve(let path):
      if event.result.succeeded { completeExecve(event, path: path, slot: slot) }
    case .clone, .clone3, .fork:
      completeClone(event, slot: slot, pending: pending)
    default:
      if Observer.readsCertainty { noteOverlaps(of: slot, pending) }
      let isApplied = pending?.isApplied ?? false
      if Observer.rewritesCalls {
        applyRewritten(event, process: process, in: batch, isApplied: isApplied)
      } else if !isApplied {
        applyToMap(event, process: process, in: batch)
      }
    }
    if Observer.tracesCalls && isTraced { endPath(event, process: process) }
    observe(event, process: process)
  }

  /// A new process under the number of one that has ended.
  private mutating func revive(_ slot: Int) -> Int {
    let pid = tasks[slot].pid
    let process = addProcess(pid: pid, space: insertSpace())
    return addTask(pid: pid, process: process)
  }

  @inline(__always)
  private mutating func count(_ event: SyscallEvent, process: Int) {
    processes[process].summary.events[event.name] += 1
    if event.result.outcome == .failed {
      processes[process].summary.failures[event.result.errno, default: 0] += 1
    }
  }

  private mutating func announce(_ event: SyscallEvent, process: Int) {
    guard !processes[process].hasEnded else { return }
    let view = processes[process].view
    spaces.read(processes[process].space) {
      observer.willComplete(event, process: view, space: $0)
    }
  }

  @inline(__always)
  private mutating func observe(_ event: SyscallEvent, process: Int) {
    guard !processes[process].hasEnded else { return }
    let view = processes[process].view
    let mapCount = spaces.read(processes[process].space) { space in
      observer.didApply(event, process: view, space: space)
      return space.mapCount
    }
    if Observer.returnsToMark && observer.takeMark() { mark(process, after: event) }
    notePeak(mapCount, line: event.line, process: process)
    if Observer.readsCertainty { observeCertainty(event, process: process) }
  }

  @inline(__always)
  mutating func notePeak(_ mapCount: Int, line: UInt64, process: Int) {
    guard mapCount > processes[process].summary.mapCountPeak else { return }
    processes[process].summary.mapCountPeak = mapCount
    processes[process].summary.peakLine = line
  }

  mutating func diverge(_ kind: Divergence.Kind, _ event: SyscallEvent, process: Int) {
    processes[process].summary.divergences += 1
    observer.didDiverge(
      Divergence(kind: kind, event: event, process: processes[process].pid))
  }

  /// Applies a call that may change the map.
  mutating func applyToMap(
    _ event: SyscallEvent, process: Int, in batch: TraceBatch
  ) {
    guard !event.result.isInjected else { return }
    switch event.result.outcome {
    case .returned:
      if case .brk(let addr) = event.call {
        applyBreak(event, asked: addr, process: process)
      } else if !applyFrequent(event, process: process, in: batch) {
        applySuccess(event, process: process, in: batch)
      }
    case .failed: applyFailure(event, process: process, in: batch)
    case .unknown, .unfinished: break
    }
  }

  /// The kernel did it, so it is done; where the model would have refused, that is noted first.
  mutating func applySuccess(
    _ event: SyscallEvent, process: Int, in batch: TraceBatch
  ) {
    guard let operation = operation(for: event, process: process, in: batch) else {
      return applyProcessMadvise(event, process: process, in: batch)
    }
    var finds = true
    if let placed = operation.placedRange {
      finds = clearWay(for: placed, event, process: process)
    }
    if tasks.choosing > 0 { letEarlierGoFirst(event, process: process, in: batch) }
    if Observer.watchesPlacement {
      let view = processes[process].view
      spaces.read(processes[process].space) { space in
        observer.willPlace(event, process: view, space: space, files: files)
      }
    }
    if !processes[process].knowsStart { imply(operation, process: process) }
    var expected = spaces.modify(processes[process].space) { operation.performKnown(on: &$0) }
    if finds && !processes[process].implied.isEmpty {
      forgetImplied(operation.replacedRange, process: process)
    }
    if case .setName = operation {
      if hasAnonymousNames == false { expected = .invalidArgument }
      hasAnonymousNames = true
    }
    if let expected, !operation.isUnknown(to: options.profile) {
      diverge(.succeeded(expected: expected.rawValue), event, process: process)
    }
    if Observer.readsCertainty { readSuccess(of: operation, event, process: process) }
    noteWrites(of: operation, process: process)
  }

  /// The kernel refused it, which can change the map too; but where the model would not have
  /// refused, it has no idea what the kernel did and does nothing.
  mutating func applyFailure(
    _ event: SyscallEvent, process: Int, in batch: TraceBatch
  ) {
    guard let operation = operation(for: event, process: process, in: batch) else {
      return applyProcessMadvise(event, process: process, in: batch)
    }
    let recorded = event.result.errno
    if case .setName = operation, isWithoutNames(recorded) { return }
    let expected = spaces.modify(processes[process].space) { space -> Errno? in
      let failure = operation.failure(in: space)
      if failure != nil { operation.perform(on: &space, leniently: false) }
      return failure
    }
    if Observer.readsCertainty {
      readFailure(of: operation, isExpected: expected != nil, event, process: process)
    }
    if expected?.rawValue != recorded && operation.isUnknown(to: options.profile) {
      return spaces.modify(processes[process].space) { $0.passOverUnknown() }
    }
    if expected == nil, operation.mayFailUnforeseen(with: Errno(rawValue: recorded)) { return }
    guard let expected else { return diverge(.failed(recorded: recorded), event, process: process) }
    if expected.rawValue != recorded {
      diverge(
        .errno(recorded: recorded, expected: expected.rawValue), event, process: process)
    }
  }

  /// Whether a refused naming shows that the kernel does not know names at all: that answers every
  /// such call with EINVAL, so that it can be told once no call has succeeded.
  private mutating func isWithoutNames(_ recorded: Int32) -> Bool {
    if hasAnonymousNames == true || recorded != Errno.invalidArgument.rawValue { return false }
    hasAnonymousNames = false
    return true
  }

  /// brk never fails: it returns the break that there is afterwards.
  mutating func applyBreak(_ event: SyscallEvent, asked: Address, process: Int) {
    let recorded = Address(event.result.value)
    let id = processes[process].space
    guard processes[process].knowsBreak else {
      spaces.modify(id) { $0.setHeap(start: recorded, end: recorded) }
      processes[process].knowsBreak = true
      if !processes[process].unplaced.isEmpty { place(belowBreak: recorded, process: process) }
      return
    }
    let (old, new) = spaces.modify(id) { space in
      let old = space.currentBreak
      return (old, recorded == old ? old : space.brk(asked))
    }
    if new != recorded && recorded.roundedUpToPage == new.roundedUpToPage && asked != recorded {
      // A map shows the break to the page only; the first question tells it.
      spaces.modify(id) { $0.setBreak(recorded) }
    } else if new != recorded {
      spaces.modify(id) { $0.setBreak(recorded) }
      diverge(.programBreak(recorded: recorded, expected: new), event, process: process)
    }
    let (oldEnd, newEnd) = (old.roundedUpToPage, recorded.roundedUpToPage)
    if Observer.readsCertainty {
      readBreak(from: oldEnd, to: newEnd, event, process: process)
    }
    if newEnd > oldEnd { assumeWritten(AddressRange(oldEnd, newEnd), process: process) }
    if newEnd < oldEnd { noteUnmapping(process: process) }
  }

  /// The fault assumption's part of a successful call.
  mutating func noteWrites(of operation: MapOperation, process: Int) {
    switch operation {
    case .mmap(let range, _, let flags, _, _, _):
      assumeWritten(mapping: range, flags: flags, process: process)
    case .mprotect(let addr, let length, let prot, _):
      guard let range = AddressRange(pages: addr, length) else { return }
      noteAccess(to: range, prot, process: process)
    case .mremap(_, _, let newSize, _, _, let result):
      guard let size = Page.align(newSize), result.rawValue <= UInt64.max - size else { return }
      assumeWritten(AddressRange(result, result &+ size), process: process)
    case .munmap: noteUnmapping(process: process)
    default: break
    }
  }

  /// Memory has become writable, or a library's data is relocated.
  mutating func noteAccess(to range: AddressRange, _ prot: Protection, process: Int) {
    if prot.contains(.write) {
      assumeWritten(range, process: process)
    } else {
      noteRelocation(range, prot: prot, process: process)
    }
  }
}
