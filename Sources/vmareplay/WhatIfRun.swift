import AddressSpaces
import Replay
import Reports
import SyscallABI
import TraceReading

/// `replay --what-if`: two passes over a trace, each of two replays side by side.
struct WhatIfRun: IndexedWork {
  let trace: TraceInput
  let rules: [WhatIfOption]
  let arguments: ReplayArguments
  let strict: Bool

  struct Result {
    var report: WhatIfReport
    /// How the command should end once the report is printed.
    var status: ExitStatus
  }

  /// - Returns: nil for an empty trace.
  mutating func run<Index: VMAIndex & ~Copyable>(on index: Index.Type) throws -> Result? {
    let input = try TwoPassInput(trace, arguments)
    defer { input.close() }
    let first = try pass(input, WhatIfReplay<Index>.Peaks())
    if first.comparison.processes.isEmpty && first.lines == 0 {
      if first.status != .done { throw first.status.code }
      return nil
    }
    // Only now it is known how many VMAs are the most.
    let second = try pass(input, first.peaks, isSecond: true)
    if let pid = arguments.pid, second.comparison.processes.isEmpty {
      throw Diagnostics.noProcess(pid, in: trace.name)
    }
    let report = WhatIfReport(
      trace: trace.name, kernel: second.kernel, rules: rules.map(\.text),
      comparison: second.comparison, rewriter: second.rewriter)
    return Result(report: report, status: first.status)
  }

  private struct Pass<Peaks> {
    var peaks: Peaks
    var comparison: WhatIfComparison
    var rewriter: CallRewriter
    var kernel: String
    var lines: UInt64
    var status: ExitStatus
  }

  private func pass<Index: VMAIndex & ~Copyable>(
    _ input: TwoPassInput, _ peaks: WhatIfReplay<Index>.Peaks, isSecond: Bool = false
  ) throws -> Pass<WhatIfReplay<Index>.Peaks> {
    let paths = PathTable()
    let arguments = input.arguments
    var session = try TraceSession(
      input: input.trace, paths: paths, strict: strict, isQuiet: isSecond)
    let initialMaps = try arguments.readInitialMaps(paths)
    var batch = TraceBatch()
    var hasBatch = session.next(into: &batch)
    let setup = try ReplaySetup(arguments: arguments, host: batch.hosts.first)
    var options = setup.options
    options.initialMaps = initialMaps
    // Each of the two replays reads the list for itself.
    let isFilePerProcess = session.reader.hasFilePerProcess
    let faults = try (0..<2).map { _ in
      try arguments.readFaults(isFilePerProcess: isFilePerProcess)
    }
    options.faultsAreListed = faults[0] != nil
    var replay = WhatIfReplay<Index>(
      rules.map(\.rule), options: options, paths: paths, peaks: peaks)
    if let before = faults[0], let after = faults[1] { replay.setFaults(before, after) }
    if let sysroot = try arguments.openSysroot(paths) {
      replay.setPrograms { sysroot.program(at: $0) }
    }
    while hasBatch {
      replay.apply(batch)
      hasBatch = session.next(into: &batch)
    }
    replay.finish()
    if let failure = faults[0]?.failure { throw TraceSession.report(failure) }
    return Pass(
      peaks: replay.peaks, comparison: replay.comparison(of: arguments.pid.map { PID($0) }),
      rewriter: replay.rewriter, kernel: setup.kernelName, lines: session.reader.linesRead,
      status: session.status)
  }
}
