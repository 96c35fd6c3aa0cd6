import SyscallABI

/// The lines of one file.
final class SingleFeed {
  var lines: LineReader

  init(_ source: any ByteSource, capacity: Int = LineReader.defaultCapacity) {
    lines = LineReader(source, capacity: capacity)
  }

  /// After so many lines a batch is delivered even if it is not full, so that a reader of a pipe
  /// or a progress bar is not kept waiting.
  private static let linesPerBatch: UInt64 = 65_536

  /// Fills a batch; false at the end of the file.
  func fill(
    _ batch: inout TraceBatch, _ items: Int, _ decoder: inout StraceDecoder
  ) throws(TraceError) -> Bool {
    do throws(TraceError) {
      if decoder.stacks.areKept { return try fillWithStacks(&batch, items, &decoder) }
      return try Self.fill(&batch, items, &decoder, &lines)
    } catch {
      var located = error
      located.line = lines.lineNumber
      throw located
    }
  }

  /// The line last read belongs to the next batch: only it told that a stack was complete.
  private var isHeld = false

  private func fillWithStacks(
    _ batch: inout TraceBatch, _ items: Int, _ decoder: inout StraceDecoder
  ) throws(TraceError) -> Bool {
    let limit = lines.lineNumber + Self.linesPerBatch
    defer { decoder.stacks.end(in: &batch) }
    while true {
      let line: ByteCursor
      if isHeld {
        line = lines.currentLine
        isHeld = false
      } else {
        guard let next = try lines.next() else { return false }
        line = next
        let isFull = batch.items.count >= items || batch.snapshots.count >= 16
        if (isFull || lines.lineNumber > limit) && !StackLines.isFrame(line) {
          isHeld = true
          return true
        }
      }
      decoder.decodeWithStacks(
        line,
        LineOrigin(
          line: lines.lineNumber, isUnterminated: lines.isUnterminated,
          isElided: lines.isElided), into: &batch)
    }
  }

  private static func fill(
    _ batch: inout TraceBatch, _ items: Int, _ decoder: inout StraceDecoder,
    _ lines: inout LineReader
  ) throws(TraceError) -> Bool {
    let limit = lines.lineNumber + linesPerBatch
    // A snapshot can be as large as a batch.
    while batch.items.count < items && batch.snapshots.count < 16 && lines.lineNumber < limit {
      guard let line = try lines.next() else { return false }
      decoder.decode(
        line,
        LineOrigin(
          line: lines.lineNumber, isUnterminated: lines.isUnterminated,
          isElided: lines.isElided), into: &batch)
    }
    return true
  }
}
