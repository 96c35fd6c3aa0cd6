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
      return try Self.fill(&batch, items, &decoder, &lines)
    } catch {
      var located = error
      located.line = lines.lineNumber
      throw located
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
