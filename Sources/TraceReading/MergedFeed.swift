import SyscallABI

/// The lines of the files of `strace -ff`, one file per process, in the order of their times.
final class MergedFeed {
  init(_ files: [TraceInput.ProcessFile], options: TraceReader.Options) throws(TraceError) {}
  var linesRead: UInt64 { 0 }
  var bytesRead: UInt64 { 0 }
  var compressedBytesRead: UInt64 { 0 }
  var totalCompressedBytes: UInt64? { nil }
  func fill(
    _ batch: inout TraceBatch, _ items: Int, _ decoder: inout StraceDecoder
  ) throws(TraceError) -> Bool { false }
}
