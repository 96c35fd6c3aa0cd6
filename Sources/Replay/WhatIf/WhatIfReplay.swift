public import AddressSpaces
public import SyscallABI

/// Two replays of one log side by side, the second with rules that change it.
///
/// What there is at the peak of a process can be counted only by who knows beforehand how high it
/// gets: a log is replayed twice, and the second replay is given the `peaks` of the first.
public struct WhatIfReplay<Index: VMAIndex & ~Copyable>: ~Copyable {
  private var before: ReplayEngine<Index, BaselineObserver>
  private var after: ReplayEngine<Index, WhatIfObserver>

  /// The most VMAs of each process, by its ordinal, without and with the rules.
  public struct Peaks: Sendable {
    var before: [Int: Int] = [:]
    var after: [Int: Int] = [:]

    public init() {}
  }

  public init(
    _ rules: [WhatIfRule], options: ReplayOptions, paths: PathTable, peaks: Peaks = Peaks()
  ) {
    before = ReplayEngine(
      options: options, paths: paths, observer: BaselineObserver(PeakCounts(peaks.before)))
    var changed = options
    for rule in rules { rule.apply(to: &changed) }
    after = ReplayEngine(
      options: changed, paths: paths,
      observer: WhatIfObserver(rules, PeakCounts(peaks.after)))
  }

  /// Gives both replays a list of page faults, each its own, since reading it uses it up: to be
  /// called before the first batch, with `ReplayOptions.faultsAreListed`.
  public mutating func setFaults(
    _ before: any PageFaultSource, _ after: any PageFaultSource
  ) {
    self.before.setFaults(before)
    self.after.setFaults(after)
  }

  /// Tells both replays what programs consist of: see `ReplayEngine.setPrograms`.
  public mutating func setPrograms(_ programs: @escaping (FileID) -> ProgramImage?) {
    before.setPrograms(programs)
    after.setPrograms(programs)
  }

  /// Applies everything in the batch to both.
  public mutating func apply(_ batch: TraceBatch) {
    before.observer.forgetCalls()
    _ = before.apply(batch)
    after.observer.rewriter.unpredicted = before.observer.unpredicted
    _ = after.apply(batch)
  }

  /// The log is over.
  public mutating func finish() {
    before.finish()
    after.finish()
  }

  /// What was reached; complete after `finish()`.
  public var peaks: Peaks {
    var peaks = Peaks()
    peaks.before = Self.peaks(before.summaries)
    peaks.after = Self.peaks(after.summaries)
    return peaks
  }

  private static func peaks(_ summaries: [ProcessSummary]) -> [Int: Int] {
    Dictionary(
      summaries.map { ($0.ordinal, $0.mapCountPeak) }, uniquingKeysWith: { first, _ in first })
  }

  /// The figures without and with the rules; complete after `finish()`.
  ///
  /// - Parameter pid: the process to compare; nil for all.
  public func comparison(of pid: PID? = nil) -> WhatIfComparison {
    WhatIfComparison(
      before: WhatIfComparison.Side(
        summaries: before.summaries, total: before.total, counts: before.observer.counts),
      after: WhatIfComparison.Side(
        summaries: after.summaries, total: after.total, counts: after.observer.counts),
      pid: pid)
  }

  /// What was done to the calls.
  public var rewriter: CallRewriter { after.observer.rewriter }
}
