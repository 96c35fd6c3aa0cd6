import ArgumentParser
import Replay
import TraceReading

/// At which moment of the log to look.
struct MomentOptions: ParsableArguments {
  @Flag(help: "At the moment with the most VMAs (the default).")
  var atPeak = false

  @Option(help: ArgumentHelp("Right after this line of the log.", valueName: "[file:]line"))
  var atLine: LinePosition?

  @Option(help: ArgumentHelp("Right after this time, as the log counts it.", valueName: "seconds"))
  var atTime: LogTime?

  /// A line or a time was named.
  var isGiven: Bool { atLine != nil || atTime != nil }

  func validate() throws {
    if [atPeak, atLine != nil, atTime != nil].count(where: { $0 }) > 1 {
      throw ValidationError(
        "--at-peak, --at-line and --at-time name different moments: give one of them.")
    }
  }

  func limit(_ reader: TraceReader) throws -> ReplayLimit? {
    if let atTime { return .time(atTime.timestamp) }
    return try atLine?.limit(in: reader)
  }
}

extension LinePosition {
  /// The limit that stops right after this line.
  func limit(in reader: TraceReader) throws -> ReplayLimit {
    guard let file else { return .line(line, source: 0) }
    guard let source = reader.sources.firstIndex(of: file) else {
      Diagnostics.error("no file '\(file)' in the trace")
      throw ExitStatus.noInput.code
    }
    return .line(line, source: UInt32(source))
  }
}
