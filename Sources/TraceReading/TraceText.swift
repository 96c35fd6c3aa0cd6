/// The lines of a trace as they are, for commands that write a trace again.
public enum TraceText {
  /// All lines, without their newlines.
  ///
  /// - Parameter path: a file, gzip or plain; `-` for standard input.
  /// - Throws: as `TraceReader`.
  /// - Complexity: O(bytes), all of which are kept.
  public static func lines(of path: String) throws(TraceError) -> [[UInt8]] {
    var reader = LineReader(try Compression.open(try FileSource(path: path), path: path))
    var lines: [[UInt8]] = []
    while let line = try reader.next() { lines.append(line.rest.array) }
    return lines
  }
}
