public import SyscallABI

/// Reads a trace from its first to its last line, a batch of items at a time.
///
/// ```swift
/// let paths = PathTable()
/// let reader = try TraceReader(path: "trace.strace.gz", paths: paths)
/// var batch = TraceBatch()
/// while try reader.nextBatch(into: &batch) {
///   for item in batch.items { … }
/// }
/// ```
///
/// Not thread-safe: one reader belongs to one task at a time.
public final class TraceReader {
  public struct Options {
    /// Inflate on a thread of its own. Nil: if the machine has a processor left for it.
    public var isPipelined: Bool?
    /// Decode on a thread of its own, a few batches ahead of the caller. Nil: if the machine has
    /// more than one processor; on exactly two, the caller's thread decodes, too, when it would
    /// have to wait. Never if stacks are kept.
    public var decodesAhead: Bool?
    /// About so many items make a batch.
    public var itemsPerBatch: Int

    /// Where to keep the stacks that the log shows behind its calls (`strace -k`), which then are
    /// marked in `TraceBatch.stacks`; nil: their lines are passed over.
    public var stacks: StackTable?

    public init(
      isPipelined: Bool? = nil, decodesAhead: Bool? = nil, itemsPerBatch: Int = 2048,
      stacks: StackTable? = nil
    ) {
      self.isPipelined = isPipelined
      self.decodesAhead = decodesAhead
      self.stacks = stacks
      self.itemsPerBatch = max(itemsPerBatch, 1)
    }

    /// The processors to make use of.
    var processors = Processors.count

    var runsAhead: Bool { stacks == nil && decodesAhead ?? (processors > 1) }

    /// The caller's thread counts: on two processors, two threads that share the work are faster
    /// than three that take turns.
    var inflatesAhead: Bool { isPipelined ?? (processors > (runsAhead ? 2 : 1)) }

    /// One thread inflates ahead of the caller, and each of both decodes when it has time.
    var sharesDecoding: Bool { runsAhead && isPipelined == nil && processors == 2 }
  }

  /// The base names of the files of a `strace -ff` trace, at the positions that
  /// `SyscallEvent.source` gives; the one file's name for any other trace.
  public let sources: [String]
  /// The name under which the trace was opened.
  public let path: String
  /// The trace is one of `strace -ff`: a file for each process.
  public let hasFilePerProcess: Bool
  /// The sizes of the files together; nil for a pipe.
  public let totalCompressedBytes: UInt64?

  private var batches: Batches
  /// How far the batches reach that were delivered.
  private var position = ReadPosition()

  private enum Batches {
    case here(BatchReader)
    case ahead(DecodingThread)
  }

  /// Opens a trace.
  ///
  /// - Parameters:
  ///   - path: `-` for standard input, a file (gzip or plain, told by its first bytes), or a
  ///     folder or PREFIX of `strace -ff`, whose files are `PREFIX.PID`.
  ///   - paths: where the paths of the trace are interned.
  /// - Throws: `.missing`, `.unreadable`, `.foreignCompression`, `.io`.
  public convenience init(
    path: String, paths: PathTable, options: Options = Options()
  ) throws(TraceError) {
    try self.init(input: TraceInput(path: path), paths: paths, options: options)
  }

  /// Opens a trace that `TraceInput` found.
  public convenience init(
    input: TraceInput, paths: PathTable, options: Options = Options()
  ) throws(TraceError) {
    self.init(
      try BatchReader(input: input, paths: paths, options: options), sources: input.sourceNames,
      options)
  }

  /// Reads a trace from `source`, which may be compressed.
  public convenience init(
    source: any ByteSource, name: String, paths: PathTable, options: Options = Options()
  ) throws(TraceError) {
    self.init(
      try BatchReader(source: source, name: name, paths: paths, options: options),
      sources: [name], options)
  }

  private init(_ reader: BatchReader, sources: [String], _ options: Options) {
    path = reader.path
    self.sources = sources
    hasFilePerProcess = reader.hasFilePerProcess
    totalCompressedBytes = reader.totalCompressedBytes
    batches = options.runsAhead ? .ahead(DecodingThread(reader)) : .here(reader)
  }

  deinit {
    if case .ahead(let thread) = batches { thread.cancel() }
  }

  /// Replaces the contents of `batch` by the next items of the trace.
  ///
  /// - Returns: false at the end of the trace; `batch` is empty then. A batch may be empty
  ///   before the end: in a log of many other calls.
  /// - Throws: `.damaged`, `.notATrace`, `.io`, after all items before the damage were delivered.
  /// - Complexity: O(bytes of the lines); allocates nothing per line.
  public func nextBatch(into batch: inout TraceBatch) throws(TraceError) -> Bool {
    switch batches {
    case .here(let reader): return try next(from: reader, into: &batch)
    case .ahead(let thread):
      guard let reader = thread.startIfNeeded() else {
        return try thread.nextBatch(into: &batch, &position)
      }
      // No thread is to be had: then here.
      batches = .here(reader)
      return try next(from: reader, into: &batch)
    }
  }

  private func next(
    from reader: BatchReader, into batch: inout TraceBatch
  ) throws(TraceError) -> Bool {
    defer { position = reader.position }
    return try reader.nextBatch(into: &batch)
  }

  /// The number of lines read so far, of all files.
  public var linesRead: UInt64 { position.lines }

  /// The number of bytes of (decompressed) text read so far.
  public var bytesRead: UInt64 { position.bytes }

  /// The number of bytes taken from the files so far, for progress.
  public var compressedBytesRead: UInt64 { position.compressedBytes }
}

/// How far a trace has been read, in all its files.
struct ReadPosition {
  var lines: UInt64 = 0
  /// Of decompressed text.
  var bytes: UInt64 = 0
  var compressedBytes: UInt64 = 0
}
