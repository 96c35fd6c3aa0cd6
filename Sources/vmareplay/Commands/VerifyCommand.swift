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
      the recording that differs from the model's map, VMA by VMA; with --placement model also \
      each mapping that the kernel put elsewhere than the model would have. Exits with 1 if \
      there is any.
      """)

  @OptionGroup var traceArgument: TraceArgument

  @OptionGroup var placement: PlacementOptions

  @OptionGroup var arguments: ReplayArguments
  @OptionGroup var traceOptions: TraceOptions

  func run() throws {
    Platform.ignoreBrokenPipes()
    let paths = PathTable()
    let verifier = Verifier(paths: paths)
    if placement.isPredicted {
      try run(PlacementObserver(verifier, paths: paths), paths) { ($0.base, $0.placement) }
    } else {
      try run(verifier, paths) { ($0, nil) }
    }
  }

  private func run<Observer: ReplayObserver>(
    _ observer: Observer, _ paths: PathTable, _ parts: (Observer) -> (Verifier, Placement?)
  ) throws {
    var work = try TraceReplay(
      trace: traceArgument.input(), paths: paths, arguments: arguments, strict: traceOptions.strict,
      observer: observer)
    let result = try arguments.index.run(&work)
    if result.lines > 0 {
      let (verifier, placement) = parts(result.observer)
      let report = VerifyReport(
        trace: traceArgument.name, paths: paths, verifier: verifier, total: result.total,
        placement: placement)
      var out = OutputBuffer()
      report.appendText(to: &out)
      try Output.standard.write(&out)
      if result.status == .done && !report.isClean { throw ExitStatus.difference.code }
    }
    if result.status != .done { throw result.status.code }
  }
}
