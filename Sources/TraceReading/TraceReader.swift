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
    /// Inflate on a thread of its own. Nil: if the machine has more than one processor.
    public var isPipelined: Bool?
    /// About so many items make a batch.
    public var itemsPerBatch: Int

    /// Where to keep the stacks that the log shows behind its calls (`strace -k`), which then are
    /// marked in `TraceBatch.stacks`; nil: their lines are passed over.
    public var stacks: StackTable?

    public init(
      isPipelined: Bool? = nil, itemsPerBatch: Int = 4096, stacks: StackTable? = nil
    ) {
      self.isPipelined = isPipelined
      self.stacks = stacks
      self.itemsPerBatch = max(itemsPerBatch, 1)
    }
  }

  /// The base names of the files of a `strace -ff` trace, at the positions that
  /// `SyscallEvent.source` gives; the one file's name for any other trace.
  public let sources: [String]
  /// The name under which the trace was opened.
  public let path: String

  let paths: PathTable
  let options: Options
  var decoder: StraceDecoder
  var feed: Feed

  /// The trace is one of `strace -ff`: a file for each process.
  public var hasFilePerProcess: Bool {
    if case .merged = feed { true } else { false }
  }

  private var state = State.reading

  private enum State {
    case reading
    case failing(TraceError)
    case ended
  }

  /// Where lines come from: one file, or several merged.
  enum Feed {
    case single(SingleFeed)
    case merged(MergedFeed)
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
  public init(
    input: TraceInput, paths: PathTable, options: Options = Options()
  ) throws(TraceError) {
    self.paths = paths
    self.options = options
    path = input.name
    sources = input.sourceNames
    decoder = StraceDecoder(paths: paths)
    decoder.stacks.table = options.stacks
    switch input.files {
    case .single(let path):
      let source = try Self.open(path, options)
      feed = .single(SingleFeed(source))
    case .perProcess(let files):
      feed = .merged(try MergedFeed(files, options: options))
      decoder.clocks = Array(repeating: LogClock(), count: files.count)
    }
  }

  /// Reads a trace from `source`, which may be compressed.
  public init(
    source: any ByteSource, name: String, paths: PathTable, options: Options = Options()
  ) throws(TraceError) {
    self.paths = paths
    self.options = options
    path = name
    sources = [name]
    decoder = StraceDecoder(paths: paths)
    decoder.stacks.table = options.stacks
    feed = .single(
      SingleFeed(try Self.decompress(source, path: name, options)))
  }

  static func open(_ path: String, _ options: Options) throws(TraceError) -> any ByteSource {
    try decompress(try FileSource(path: path), path: path, options)
  }

  private static func decompress(
    _ source: any ByteSource, path: String, _ options: Options
  ) throws(TraceError) -> any ByteSource {
    let opened = try Compression.open(source, path: path)
    let isPipelined = options.isPipelined ?? (Processors.count > 1)
    if isPipelined, let gzip = opened as? GzipSource { return PipelinedSource(gzip) }
    return opened
  }

  /// Replaces the contents of `batch` by the next items of the trace.
  ///
  /// - Returns: false at the end of the trace; `batch` is empty then. A batch may be empty
  ///   before the end: in a log of many other calls.
  /// - Throws: `.damaged`, `.notATrace`, `.io`, after all items before the damage were delivered.
  /// - Complexity: O(bytes of the lines); allocates nothing per line.
  public func nextBatch(into batch: inout TraceBatch) throws(TraceError) -> Bool {
    batch.removeAll()
    switch state {
    case .ended: return false
    case .failing(let error):
      state = .ended
      throw error
    case .reading: break
    }
    do throws(TraceError) {
      let goesOn =
        switch feed {
        case .single(let feed): try feed.fill(&batch, options.itemsPerBatch, &decoder)
        case .merged(let feed): try feed.fill(&batch, options.itemsPerBatch, &decoder)
        }
      if goesOn { return true }
      decoder.finishLog(into: &batch)
      state = .ended
      if bytesRead > 0 && decoder.straceLines == 0 { state = .failing(notATrace) }
    } catch {
      decoder.finishLog(into: &batch)
      state = .failing(error)
    }
    if case .failing(let error) = state, batch.items.isEmpty {
      state = .ended
      throw error
    }
    return !batch.items.isEmpty
  }

  private var notATrace: TraceError {
    TraceError(
      .notATrace, path: path, line: linesRead,
      message: "has no line of strace; record one with `strace -f -ttt -T -y -o FILE COMMAND`")
  }

  /// The number of lines read so far, of all files.
  public var linesRead: UInt64 {
    switch feed {
    case .single(let feed): feed.lines.lineNumber
    case .merged(let feed): feed.linesRead
    }
  }

  /// The number of bytes of (decompressed) text read so far.
  public var bytesRead: UInt64 {
    switch feed {
    case .single(let feed): feed.lines.bytesRead
    case .merged(let feed): feed.bytesRead
    }
  }

  /// The number of bytes taken from the files so far, for progress.
  public var compressedBytesRead: UInt64 {
    switch feed {
    case .single(let feed): feed.lines.compressedBytesRead
    case .merged(let feed): feed.compressedBytesRead
    }
  }

  /// The sizes of the files together; nil for a pipe.
  public var totalCompressedBytes: UInt64? {
    switch feed {
    case .single(let feed): feed.lines.totalCompressedBytes
    case .merged(let feed): feed.totalCompressedBytes
    }
  }
}
