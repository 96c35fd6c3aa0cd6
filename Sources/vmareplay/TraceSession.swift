import ArgumentParser
import SyscallABI
import TraceReading

/// Reads one trace for a command: batches go to the command, everything that is wrong with the
/// trace to standard error, and at the end there is one exit status.
struct TraceSession {
  let path: String
  let paths: PathTable
  let reader: TraceReader
  /// The first malformed lines are named, the rest is counted.
  static let namedMalformedLines = 5

  private var progress: Progress
  private var malformed: UInt64 = 0
  private var isOver = false
  private let strict: Bool
  private let isQuiet: Bool
  /// How the command should end once its results are printed: a damaged trace has given everything
  /// up to the damage.
  private(set) var status = ExitStatus.done

  /// - Parameter decodesAhead: false for work with a batch that takes less than handing it over.
  init(
    input: TraceInput, paths: PathTable, strict: Bool, isQuiet: Bool = false,
    stacks: StackTable? = nil, decodesAhead: Bool? = nil
  ) throws {
    path = input.name
    self.isQuiet = isQuiet
    self.strict = strict
    self.paths = paths
    do throws(TraceError) {
      reader = try TraceReader(
        input: input, paths: paths,
        options: TraceReader.Options(decodesAhead: decodesAhead, stacks: stacks))
    } catch {
      throw Self.report(error)
    }
    progress = Progress(name: path)
  }

  /// Reads the next batch.
  ///
  /// - Returns: false when nothing more is to be had: the trace ended, was damaged, or has a
  ///   malformed line and reading is strict. `status` then says which.
  mutating func next(into batch: inout TraceBatch) -> Bool {
    guard !isOver else { return false }
    do throws(TraceError) {
      guard try reader.nextBatch(into: &batch) else {
        end(.done)
        return false
      }
    } catch {
      progress.clear()
      if !isQuiet { Diagnostics.error("\(error)") }
      end(Self.status(of: error))
      return false
    }
    report(batch.malformed)
    progress.update(read: reader.compressedBytesRead, of: reader.totalCompressedBytes)
    if strict && malformed > 0 { end(.badTrace) }
    return true
  }

  private mutating func end(_ status: ExitStatus) {
    progress.clear()
    isOver = true
    self.status = status
    if isQuiet { return }
    if malformed > UInt64(Self.namedMalformedLines) {
      Diagnostics.note("\(path): \(malformed) malformed lines in all")
    }
    if status == .done && reader.linesRead == 0 {
      Diagnostics.note("\(path): the trace is empty")
    }
  }

  private mutating func report(_ lines: [MalformedLine]) {
    for line in lines {
      malformed += 1
      if !isQuiet && malformed <= Self.namedMalformedLines {
        progress.clear()
        let name = reader.hasFilePerProcess ? reader.sources[Int(line.source)] : path
        Diagnostics.error("\(name):\(line.line): \(line.message)")
      }
    }
  }

  private static func status(of error: TraceError) -> ExitStatus {
    switch error.kind {
    case .missing, .unreadable: .noInput
    case .damaged, .foreignCompression, .notATrace: .badTrace
    case .io: .ioError
    }
  }

  /// Prints an error and gives what ends the command.
  static func report(_ error: TraceError) -> ExitCode {
    Diagnostics.error("\(error)")
    return status(of: error).code
  }
}
