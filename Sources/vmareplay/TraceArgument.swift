import ArgumentParser
import TraceReading

/// The one trace that a command takes. A shell makes many words of `PREFIX.*`: the files of one
/// `strace -ff` are one trace.
struct TraceArgument: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The trace: gzip or plain, a file, a folder or PREFIX.* of strace -ff, or - for stdin.",
      valueName: "trace"))
  var words: [String]

  /// How the trace is called in messages and reports.
  var name: String { words[0] }

  /// The files of the trace.
  func input() throws -> TraceInput {
    let inputs = try words.traceInputs()
    guard inputs.count == 1 else {
      Diagnostics.error(
        "one trace is expected, not \(inputs.count): \(inputs.map(\.name).joined(separator: ", "))")
      throw ExitStatus.usage.code
    }
    return inputs[0]
  }
}

extension [String] {
  /// The traces that these words of a command line name.
  func traceInputs() throws -> [TraceInput] {
    do throws(TraceError) {
      return try TraceInput.resolve(self)
    } catch {
      throw TraceSession.report(error)
    }
  }
}
