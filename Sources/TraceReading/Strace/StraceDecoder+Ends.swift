import SyscallABI

extension StraceDecoder {
  /// `+++ exited with 3 +++` and its like: the calls of the process that have not ended never
  /// will, and come out before it.
  mutating func decodeEnd(
    _ start: ByteCursor, _ context: LineContext, into batch: inout TraceBatch
  ) -> Verdict {
    var cursor = start
    guard cursor.take("+++ "), let cause = readCause(&cursor), cursor.take(" +++") else {
      return .failed(Problem(kind: .notStrace, position: context.line), nil)
    }
    straceLines += 1
    finish(context.pid, into: &batch)
    if !descriptorHalves.isEmpty { descriptorHalves[context.pid] = nil }
    if case .superseded(let thread) = cause { pending.rename(thread, to: context.pid) }
    batch.items.append(
      .processEnded(
        ProcessEnd(
          pid: context.pid, line: context.origin.line, source: context.origin.source,
          time: context.time, cause: cause)))
    return .done
  }

  private func readCause(_ cursor: inout ByteCursor) -> ProcessEnd.Cause? {
    if cursor.take("exited with ") {
      guard let status = cursor.integer() else { return nil }
      return .exited(status: Int32(truncatingIfNeeded: status))
    }
    if cursor.take("killed by ") {
      guard let signal = readSignal(&cursor) else { return nil }
      if cursor.starts(with: " /*") { _ = cursor.skipComment() }
      return .killed(signal: signal, core: cursor.take(" (core dumped)"))
    }
    if cursor.take("superseded by execve in pid ") {
      guard let number = cursor.decimal() else { return nil }
      let inStrace = cursor.pidOfStrace()
      if cursor.byte == UInt8(ascii: "<") { _ = cursor.skipAnnotation() }
      if cursor.starts(with: " /*") { _ = cursor.skipComment() }
      return .superseded(by: PID(Int32(truncatingIfNeeded: inStrace ?? number)))
    }
    return nil
  }

  private func readSignal(_ cursor: inout ByteCursor) -> Int32? {
    if let number = calls.symbols.take(.signal, from: &cursor) { return Int32(number) }
    if let number = cursor.realTimeSignal() { return Int32(number) }
    return cursor.integer().map { Int32(truncatingIfNeeded: $0) }
  }

  /// Lets the calls of a process come out as unfinished.
  ///
  /// A log that no longer prints pids has one process left: everything that waits is its own.
  private mutating func finish(_ pid: PID, into batch: inout TraceBatch) {
    if pending.count == 0 { return }
    if pid == .none {
      for index in pending.allIndices() { finish(index, into: &batch) }
    } else if let index = pending.only(of: pid) {
      finish(index, into: &batch)
    } else if pending.hasAny(of: pid) {
      for index in pending.indices(of: pid) { finish(index, into: &batch) }
    }
  }

  private mutating func finish(_ index: Int, into batch: inout TraceBatch) {
    var event = pending.entries[index].event
    if pending.entries[index].needsText {
      let text = pending.texts[index] + Array("<unfinished ...>".utf8)
      var arguments = ArgumentReader(joined.assign(text))
      if let call = calls.decode(event.name, &arguments, into: &batch) { event.call = call }
    }
    pending.remove(index)
    event.result = .unfinished
    batch.items.append(.completed(event))
  }

  /// Lets out what the log never ended. Must be called once, after the last line.
  mutating func finishLog(into batch: inout TraceBatch) {
    if !torn.isEmpty { giveUpTorn(into: &batch) }
    snapshots.finish(into: &batch)
    for index in pending.allIndices() { finish(index, into: &batch) }
  }
}
