import ArgumentParser
import Reports
import SyscallABI
import TraceReading

/// Prints the decoded events of a trace.
struct EventsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events",
    abstract: "Print the decoded events of a trace.",
    discussion: """
      Every call that can change an address space, in the order in which they complete, with the \
      ends of processes. With ndjson, one JSON object a line; lines that could not be decoded \
      stand among them as {"event":"error"}.
      """)

  @OptionGroup var traceArgument: TraceArgument

  @Option(help: "text, ndjson, csv, or none to decode everything and print only the counts.")
  var format: EventFormat = .text

  @Option(help: "Restrict the output to one process or thread, named by its pid in the log.")
  var pid: Int32?

  @OptionGroup var traceOptions: TraceOptions

  func run() throws {
    Platform.ignoreBrokenPipes()
    let paths = PathTable()
    var session = try TraceSession(
      input: traceArgument.input(), paths: paths, strict: traceOptions.strict,
      decodesAhead: format == .none ? false : nil)
    var report = EventReport(
      paths: paths, format: format.outputFormat,
      sources: session.reader.hasFilePerProcess ? session.reader.sources : [])
    var counts = EventCounts()
    var out = OutputBuffer()
    let output = Output.standard
    var batch = TraceBatch()
    while session.next(into: &batch) {
      if format == .none {
        counts.add(batch)
      } else {
        report.append(batch, pid: pid.map { PID($0) }, to: &out)
        try output.drain(&out)
      }
    }
    if format == .none && session.reader.linesRead > 0 {
      counts.append(to: &out, lines: session.reader.linesRead)
    }
    try output.write(&out)
    if session.status != .done { throw session.status.code }
  }
}

enum EventFormat: String, ExpressibleByArgument, CaseIterable {
  case text, ndjson, csv, none

  var outputFormat: OutputFormat {
    switch self {
    case .text: .text
    case .ndjson: .ndjson
    case .csv: .csv
    case .none: .none
    }
  }
}
