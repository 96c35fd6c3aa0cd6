public import AddressSpaces
public import SyscallABI

/// Counts missed merges at the moment when each process first has as many VMAs as it ever gets.
public struct PeakCounts: Sendable {
  /// The most VMAs of each process, by its ordinal, from an earlier pass.
  private let peaks: [Int: Int]
  /// Missed merges at that moment.
  public private(set) var missedMerges: [Int: Int] = [:]

  public init(_ peaks: [Int: Int]) { self.peaks = peaks }

  mutating func look<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, _ space: borrowing AddressSpace<Index>
  ) {
    guard space.mapCount == peaks[process.ordinal], missedMerges[process.ordinal] == nil
    else { return }
    missedMerges[process.ordinal] = space.boundaryCounts().missedMerges
  }
}

/// Looks before and after each call, since a peak can be behind either.
public protocol PeakCounter: ReplayObserver {
  var counts: PeakCounts { get set }
}

extension PeakCounter {
  public static var looksBeforeCalls: Bool { true }

  public mutating func willComplete<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    counts.look(process, space)
  }

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    counts.look(process, space)
  }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    counts.look(process, space)
  }
}

/// Watches the replay without rules.
public struct BaselineObserver: PeakCounter {
  public var counts: PeakCounts
  /// Calls since the last `forgetCalls` whose recorded results the model would not have given.
  public private(set) var unpredicted: Set<PeakFinder.Position> = []

  public init(_ counts: PeakCounts) { self.counts = counts }

  public mutating func forgetCalls() { unpredicted.removeAll(keepingCapacity: true) }

  public mutating func didDiverge(_ divergence: Divergence) {
    switch divergence.kind {
    case .succeeded, .failed, .programBreak:
      unpredicted.insert(PeakFinder.Position(line: divergence.line, source: divergence.source))
    case .errno, .overlap: break
    }
  }
}

/// Watches the replay with rules, and holds what changes its calls.
public struct WhatIfObserver: PeakCounter {
  public static var rewritesCalls: Bool { true }

  public var rewriter: CallRewriter
  public var counts: PeakCounts

  public init(_ rules: [WhatIfRule], _ counts: PeakCounts) {
    rewriter = CallRewriter(rules)
    self.counts = counts
  }
}
