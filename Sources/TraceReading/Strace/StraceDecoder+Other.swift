import SyscallABI

extension StraceDecoder {
  /// A line that is no call: an end, a second half, a signal, a message, a table, or nothing.
  @inline(never)
  mutating func decodeOther(
    _ cursor: ByteCursor, _ prefix: LinePrefix, _ context: LineContext,
    into batch: inout TraceBatch
  ) -> Verdict {
    switch cursor.byte {
    case UInt8(ascii: "<"):
      // What is left of a call when a message stood before it in the line.
      if HalfEnd(at: cursor) != nil { return .done }
    case UInt8(ascii: "+"):
      if cursor.starts(with: "+++ ") {
        isInSummary = false
        return decodeEnd(cursor, context, into: &batch)
      }
    case UInt8(ascii: "-"):
      if cursor.starts(with: "--- ") {
        if context.origin.isUnterminated && !cursor.rest.hasSuffix(" ---") { break }
        straceLines += 1
        return .done
      }
    case UInt8(ascii: "?"):
      // A call that strace could not read.
      if cursor.starts(with: "???(") {
        straceLines += 1
        return .done
      }
    default: break
    }
    if isMessage(context.line) || isInSummary { return .done }
    if cursor.isAtEnd && prefix.kind == .none && prefix.pid == context.origin.pid { return .done }
    let kind: Problem.Kind = prefix.isBroken ? .badTime : .notStrace
    return .failed(Problem(kind: kind, position: context.line), nil)
  }

  /// Whether a line is something that strace says of itself or that its options add, but no call.
  mutating func isMessage(_ line: ByteCursor) -> Bool {
    var cursor = line
    _ = LinePrefix(&cursor)
    switch cursor.byte {
    case UInt8(ascii: ">"), UInt8(ascii: "|"), UInt8(ascii: "*"):
      // Stack frames of -k, dumps of -e read and -e write: behind one blank.
      return cursor.previousByte == UInt8(ascii: " ") && cursor.byte(at: 1) == UInt8(ascii: " ")
    case UInt8(ascii: "["):
      return cursor.starts(with: "[ Process PID=")
    case UInt8(ascii: "P"):
      var rest = cursor
      return rest.take("Process ") && (rest.decimal() != nil || rest.starts(with: "PID="))
    case UInt8(ascii: "s"):
      return cursor.starts(with: "strace: ") || cursor.starts(with: "strace-")
        || cursor.starts(with: "strace64: ") || cursor.starts(with: "strace32: ")
    case UInt8(ascii: "S"):
      guard cursor.starts(with: "System call usage summary") else { return false }
      isInSummary = true
      return true
    case UInt8(ascii: "%"):
      guard cursor.starts(with: "% time") else { return false }
      isInSummary = true
      return true
    default:
      return false
    }
  }
}
