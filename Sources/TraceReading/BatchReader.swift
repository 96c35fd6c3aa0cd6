import SyscallABI

/// Opens a trace, and reads and decodes it batch by batch where it is called.
final class BatchReader {
  /// The name under which the trace was opened.
  let path: String

  let paths: PathTable
  let options: TraceReader.Options
  var decoder: StraceDecoder
  var feed: Feed

  var hasFilePerProcess: Bool {
    if case .merged = feed { true } else { false }
  }

  /// What inflates for this reader on the thread that decodes ahead; nil if that one need not.
  let sharedSource: PipelinedSource?

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

  init(
    input: TraceInput, paths: PathTable, options: TraceReader.Options
  ) throws(TraceError) {
    self.paths = paths
    self.options = options
    path = input.name
    decoder = StraceDecoder(paths: paths)
    decoder.stacks.table = options.stacks
    switch input.files {
    case .single(let path):
      let source = try Self.open(path, options)
      sharedSource = Self.shared(source, options)
      feed = .single(SingleFeed(sharedSource ?? source))
    case .perProcess(let files):
      sharedSource = nil
      feed = .merged(try MergedFeed(files, options: options))
      decoder.clocks = Array(repeating: LogClock(), count: files.count)
    }
  }

  init(
    source: any ByteSource, name: String, paths: PathTable, options: TraceReader.Options
  ) throws(TraceError) {
    self.paths = paths
    self.options = options
    path = name
    decoder = StraceDecoder(paths: paths)
    decoder.stacks.table = options.stacks
    let opened = try Self.decompress(source, path: name, options)
    sharedSource = Self.shared(opened, options)
    feed = .single(SingleFeed(sharedSource ?? opened))
  }

  private static func shared(
    _ source: any ByteSource, _ options: TraceReader.Options
  ) -> PipelinedSource? {
    guard options.sharesDecoding, let gzip = source as? GzipSource else { return nil }
    return PipelinedSource(gzip, isShared: true)
  }

  static func open(
    _ path: String, _ options: TraceReader.Options
  ) throws(TraceError) -> any ByteSource {
    try decompress(try FileSource(path: path), path: path, options)
  }

  private static func decompress(
    _ source: any ByteSource, path: String, _ options: TraceReader.Options
  ) throws(TraceError) -> any ByteSource {
    let opened = try Compression.open(source, path: path)
    if options.inflatesAhead, let gzip = opened as? GzipSource { return PipelinedSource(gzip) }
    return opened
  }

  /// As `TraceReader.nextBatch`.
  func nextBatch(into batch: inout TraceBatch) throws(TraceError) -> Bool {
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
      if position.bytes > 0 && decoder.straceLines == 0 { state = .failing(notATrace) }
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
      .notATrace, path: path, line: position.lines,
      message: "has no line of strace; record one with `strace -f -ttt -T -y -o FILE COMMAND`")
  }

  var totalCompressedBytes: UInt64? {
    switch feed {
    case .single(let feed): feed.lines.totalCompressedBytes
    case .merged(let feed): feed.totalCompressedBytes
    }
  }

  var position: ReadPosition {
    switch feed {
    case .single(let feed):
      ReadPosition(
        lines: feed.lines.lineNumber, bytes: feed.lines.bytesRead,
        compressedBytes: feed.lines.compressedBytesRead)
    case .merged(let feed):
      ReadPosition(
        lines: feed.linesRead, bytes: feed.bytesRead, compressedBytes: feed.compressedBytesRead)
    }
  }
}
