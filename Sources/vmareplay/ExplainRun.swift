import Replay
import Reports
import SyscallABI
import TraceReading

/// Looks for one address space of a trace at one moment, and takes it apart.
struct ExplainRun {
  let input: TraceInput
  let paths: PathTable
  var arguments: ReplayArguments
  let moment: MomentOptions
  let strict: Bool
  /// Where to keep the stacks of the log; nil to pass them over.
  var stacks: StackTable?

  struct Result {
    /// Nil if there is no process to explain.
    var explanation: Explanation?
    /// How to find the same process at the same moment in another replay.
    var target: ExplainObserver.Target
    var kernel: String
    var lines: UInt64
    var status: ExitStatus
  }

  /// The process with the most VMAs, or the one asked for, at its peak or at the moment asked for.
  func explain() throws -> Result {
    let pid = arguments.pid.map { PID($0) }
    if moment.isGiven {
      var result = try explain(pid.map { .pid($0) } ?? .largest)
      if let explanation = result.explanation {
        result.target = .endOf(ordinal: explanation.process.ordinal)
      }
      return result
    }
    let output = try replay(PeakExplainer(pid: pid))
    return Result(
      explanation: output.observer.explanation, target: output.observer.target ?? .largest,
      kernel: output.kernel, lines: output.lines, status: output.status)
  }

  /// - Parameter isSecond: what is wrong with the trace has been said.
  func explain(_ target: ExplainObserver.Target, isSecond: Bool = false) throws -> Result {
    let output = try replay(ExplainObserver(target), isSecond: isSecond)
    return Result(
      explanation: output.observer.explanation, target: target, kernel: output.kernel,
      lines: output.lines, status: output.status)
  }

  private func replay<Observer: ReplayObserver>(
    _ observer: Observer, isSecond: Bool = false
  ) throws -> TraceReplay<Observer>.Output {
    var work = TraceReplay(
      trace: input, paths: paths, arguments: arguments, strict: strict, limit: moment.limit,
      observer: observer)
    work.isSecondPass = isSecond
    work.stacks = stacks
    return try arguments.index.run(&work)
  }
}
