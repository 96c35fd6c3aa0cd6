import Foundation
public import Replay
public import SyscallABI
import TraceReading

/// What all benchmarks run on: a bundled recording, and layouts drawn from it.
public enum Workload {
  /// The numbers of VMAs that lookups and merges are measured with.
  public static let sizes = [64, 1024, 16_384]
  public static let seed: UInt64 = 1

  private static let path = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Traces/churn-glibc.strace.gz").path

  /// The text of the recording, so that inflating it is not measured.
  public static func text() -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else {
      fatalError("\(path) is missing")
    }
    do {
      let source = try GzipSource(MemorySource([UInt8](data)), path: path)
      var text: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = try buffer.withUnsafeMutableBytes { try source.read(into: $0) }
        if count == 0 { return text }
        text += buffer[..<count]
      }
    } catch {
      fatalError("\(error)")
    }
  }

  /// Decodes a text on this thread.
  ///
  /// - Returns: what was read, and the number of lines.
  public static func decode(_ text: [UInt8], paths: PathTable) -> ([TraceBatch], lines: UInt64) {
    do {
      let reader = try TraceReader(
        source: MemorySource(text), name: path, paths: paths,
        options: .init(isPipelined: false, decodesAhead: false))
      var batches: [TraceBatch] = []
      while true {
        var batch = TraceBatch()
        guard try reader.nextBatch(into: &batch) else { return (batches, reader.linesRead) }
        batches.append(batch)
      }
    } catch {
      fatalError("\(error)")
    }
  }

  public static func trace() -> BenchTrace {
    let paths = PathTable()
    let (batches, _) = decode(text(), paths: paths)
    return BenchTrace(batches: batches, options: ReplayOptions(profile: .linux6), paths: paths)
  }
}
