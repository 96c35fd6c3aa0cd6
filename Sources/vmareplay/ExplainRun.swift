import Replay
import Reports
import SyscallABI
import TraceReading

/// Looks for one address space of a trace at one moment, and takes it apart.
struct ExplainRun {
  /// Read once or twice: to find the peak, and to explain it.
  let input: TraceInput
  let paths: PathTable
  var arguments: ReplayArguments
  let moment: MomentOptions
  let strict: Bool
  /// Where to keep the stacks of the log; nil to pass them over.
  var stacks: StackTable?

  typealias Replayed = TraceReplay<ExplainObserver>.Output

  /// The process with the most VMAs, or the one asked for, at its peak or at the moment asked for;
  /// nil if there is none.
  func target() throws -> (target: ExplainObserver.Target?, pass: Pass) {
    if moment.isGiven {
      return (arguments.pid.map { .pid(PID($0)) } ?? .largest, Pass(lines: 0, status: .done))
    }
    var work = TraceReplay(
      trace: input, paths: paths, arguments: arguments, strict: strict,
      observer: PeakFinder(pid: arguments.pid.map { PID($0) }))
    let result = try arguments.index.run(&work)
    let target = result.observer.peak.map { peak -> ExplainObserver.Target in
      peak.position.map { .process(ordinal: peak.ordinal, after: $0) }
        ?? .endOf(ordinal: peak.ordinal)
    }
    return (target, Pass(lines: result.lines, status: result.status))
  }

  struct Pass {
    var lines: UInt64
    var status: ExitStatus
  }

  /// - Parameter isFirst: nothing of the trace has been read before.
  func explain(_ target: ExplainObserver.Target, isFirst: Bool) throws -> Replayed {
    var work = TraceReplay(
      trace: input, paths: paths, arguments: arguments, strict: strict, limit: moment.limit,
      observer: ExplainObserver(target))
    work.isSecondPass = !isFirst
    work.stacks = stacks
    return try arguments.index.run(&work)
  }
}
