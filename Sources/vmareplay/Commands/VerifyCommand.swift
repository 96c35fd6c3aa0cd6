import ArgumentParser
import Replay
import Reports
import SyscallABI

/// Compares the model with what the kernel really did.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Compare the model with what the kernel really did.",
    discussion: """
      Lists each call whose recorded result the model would not have given, and each snapshot of \
      the recording that differs from the model's map, VMA by VMA. Exits with 1 if there is any.
      """)

  @Argument(help: "The trace: gzip or plain, a file, a folder of strace -ff, or - for stdin.")
  var trace: String

  @OptionGroup var arguments: ReplayArguments
  @OptionGroup var traceOptions: TraceOptions

  func run() throws {
    Platform.ignoreBrokenPipes()
    let paths = PathTable()
    var work = TraceReplay(
      trace: trace, paths: paths, arguments: arguments, strict: traceOptions.strict,
      observer: Verifier(paths: paths))
    let result = try arguments.index.run(&work)
    if result.lines > 0 {
      let report = VerifyReport(
        trace: trace, paths: paths, verifier: result.observer, total: result.total)
      var out = OutputBuffer()
      report.appendText(to: &out)
      try Output.standard.write(&out)
      if result.status == .done && !report.isClean { throw ExitStatus.difference.code }
    }
    if result.status != .done { throw result.status.code }
  }
}
