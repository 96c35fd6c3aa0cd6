import SyscallABI

extension StraceDecoder {
  /// The line of a call: whole, or its first half.
  @inline(__always)
  mutating func decodeCall(
    _ name: SyscallName, _ cursor: ByteCursor, _ context: LineContext,
    into batch: inout TraceBatch
  ) -> Verdict {
    if decodePlain(name, cursor, context, into: &batch) { return .done }
    return decodeGeneral(name, cursor, context, into: &batch)
  }

  /// The same for every style.
  @inline(never)
  private mutating func decodeGeneral(
    _ name: SyscallName, _ cursor: ByteCursor, _ context: LineContext,
    into batch: inout TraceBatch
  ) -> Verdict {
    var arguments = ArgumentReader(cursor)
    guard let call = calls.decode(name, &arguments, into: &batch) else { return .done }
    if arguments.problem != nil || arguments.state != .closed {
      return decodeUnusual(name, call, arguments, from: cursor, context, into: &batch)
    }
    let ending = ResultReader(arguments.cursor, symbols: calls.symbols)
    if let problem = ending.problem { return .failed(problem, name) }
    if context.origin.isUnterminated && isCutOff(ending) {
      return .failed(Problem(kind: .cutOff, position: context.line), name)
    }
    if ending.duration != .none { hasDurations = true }
    batch.items.append(
      .completed(
        SyscallEvent(
          line: context.origin.line, time: context.time, duration: ending.duration,
          pid: context.pid, source: context.origin.source, name: name, result: ending.result,
          call: call)))
    return .done
  }

  /// Whether a result at the end of the log may lack its last characters.
  private func isCutOff(_ ending: ResultReader) -> Bool {
    if ending.result.outcome == .failed && ending.result.errno == 0 { return true }
    if ending.cursor.previousByte == UInt8(ascii: " ") { return true }
    return hasDurations && ending.duration == .none && ending.result.outcome != .unknown
  }

  @inline(never)
  private mutating func decodeUnusual(
    _ name: SyscallName, _ call: SyscallEvent.Call, _ arguments: ArgumentReader,
    from start: ByteCursor, _ context: LineContext, into batch: inout TraceBatch
  ) -> Verdict {
    if context.origin.isElided && (name == .execve || name == .execveat) {
      return decodeElided(name, call, start, context, into: &batch)
    }
    if let problem = arguments.problem { return .failed(problem, name) }
    guard HalfEnd(at: arguments.cursor) != nil else {
      return .failed(Problem(kind: .badSeparator, position: arguments.cursor), name)
    }
    if context.origin.isUnterminated && arguments.cursor.lastByte != UInt8(ascii: ">") {
      return .failed(Problem(kind: .cutOff, position: context.line), name)
    }
    let index = begin(name, call, context, into: &batch)
    if arguments.missing > 0 || CallDecoder.usesSideTables(name) {
      pending.setText(start.slice(to: arguments.cursor), at: index)
    }
    return .done
  }

  /// Notes a first half; returns its slot.
  mutating func begin(
    _ name: SyscallName, _ call: SyscallEvent.Call, _ context: LineContext,
    into batch: inout TraceBatch
  ) -> Int {
    let event = SyscallEvent(
      line: context.origin.line, time: context.time, duration: .none, pid: context.pid,
      source: context.origin.source, name: name, result: .unfinished, call: call)
    batch.items.append(.began(event))
    return pending.add(event)
  }

  /// An execve whose arguments were too long to be kept: the result is looked for from the end.
  private mutating func decodeElided(
    _ name: SyscallName, _ call: SyscallEvent.Call, _ start: ByteCursor,
    _ context: LineContext, into batch: inout TraceBatch
  ) -> Verdict {
    if var end = start.findLast(") = ") {
      end.advance()
      let ending = ResultReader(end, symbols: calls.symbols)
      if ending.problem == nil {
        batch.items.append(
          .completed(
            SyscallEvent(
              line: context.origin.line, time: context.time, duration: ending.duration,
              pid: context.pid, source: context.origin.source, name: name,
              result: ending.result, call: call)))
        return .done
      }
    }
    if let end = start.findLast("<"), HalfEnd(at: end) != nil {
      _ = begin(name, call, context, into: &batch)
      return .done
    }
    return .failed(Problem(kind: .noResult, position: start), name)
  }

  /// The second half of a call: `<... munmap resumed>) = 0`.
  mutating func decodeResumed(
    _ start: ByteCursor, _ context: LineContext, into batch: inout TraceBatch
  ) -> Verdict {
    var cursor = start
    guard cursor.take("<... ") else {
      return .failed(Problem(kind: .notStrace, position: context.line), nil)
    }
    guard case .call(let name) = names.take(from: &cursor), cursor.take(" resumed>") else {
      // Another call's; a cut one is reported like any other line without an end.
      if context.origin.isUnterminated && !cursor.rest.hasSuffix(">")
        && cursor.findLast("= ") == nil
      {
        return .failed(Problem(kind: .cutOff, position: context.line), nil)
      }
      straceLines += 1
      if !descriptorHalves.isEmpty { resumeDescriptorCall(start, context, into: &batch) }
      return .done
    }
    straceLines += 1
    guard let index = pending.find(name, pid: context.pid) else {
      return resumedWithoutBeginning(name, cursor, context, into: &batch)
    }
    if resumePlain(index, cursor, context, into: &batch) { return .done }
    return resume(index, cursor, context, into: &batch)
  }

  private mutating func resumedWithoutBeginning(
    _ name: SyscallName, _ cursor: ByteCursor, _ context: LineContext,
    into batch: inout TraceBatch
  ) -> Verdict {
    // A prctl whose beginning was none of ours, or lost: most prctls are not.
    if name == .prctl { return .done }
    guard name == .execve || name == .execveat else {
      return .failed(Problem(kind: .noBeginning, position: cursor), name)
    }
    var arguments = ArgumentReader(cursor)
    arguments.skipRest()
    if let problem = arguments.problem { return .failed(problem, name) }
    let ending = ResultReader(arguments.cursor, symbols: calls.symbols)
    if let problem = ending.problem { return .failed(problem, name) }
    batch.items.append(
      .completed(
        SyscallEvent(
          line: context.origin.line, time: context.time, duration: ending.duration,
          pid: context.pid, source: context.origin.source, name: name, result: ending.result,
          call: .execve(path: .none))))
    return .done
  }

  private mutating func resume(
    _ index: Int, _ cursor: ByteCursor, _ context: LineContext, into batch: inout TraceBatch
  ) -> Verdict {
    var event = pending.entries[index].event
    var arguments: ArgumentReader
    if pending.entries[index].needsText {
      arguments = ArgumentReader(joined.assign(pending.texts[index], cursor.rest))
      guard let call = calls.decode(event.name, &arguments, into: &batch) else { return .done }
      event.call = call
    } else {
      arguments = ArgumentReader(cursor)
      arguments.skipRest()
    }
    // On failure the call stays pending: the line may be torn, and comes again when it is healed.
    if var problem = arguments.problem {
      // Arguments that were passed over have no place where they go wrong: all may be torn.
      if !pending.entries[index].needsText { problem.position = cursor }
      return .failed(problem, event.name)
    }
    if arguments.state == .unfinished {
      return resumeUnfinished(arguments, event.name, context)
    }
    let ending = ResultReader(arguments.cursor, symbols: calls.symbols)
    if let problem = ending.problem { return .failed(problem, event.name) }
    if context.origin.isUnterminated && isCutOff(ending) {
      return .failed(Problem(kind: .cutOff, position: context.line), event.name)
    }
    pending.remove(index)
    if ending.duration != .none { hasDurations = true }
    event.line = context.origin.line
    event.source = context.origin.source
    event.duration = ending.duration
    event.result = ending.result
    if event.pid == .none { event.pid = context.pid }
    batch.items.append(.completed(event))
    return .done
  }

  /// A second half that is no end either; the call goes on waiting.
  private func resumeUnfinished(
    _ arguments: ArgumentReader, _ name: SyscallName, _ context: LineContext
  ) -> Verdict {
    if HalfEnd(at: arguments.cursor) != nil { return .done }
    return .failed(Problem(kind: .badSeparator, position: arguments.cursor), name)
  }
}
