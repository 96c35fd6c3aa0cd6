import AddressSpaces
import Replay
import SyscallABI

extension ExplainReport {
  /// Boundaries, or holes, that have something in common.
  struct Group {
    var count = 0
    /// The first cause; nil for holes.
    let cause: VMABoundary.Cause?
    var differences: VMABoundary.Causes = []
    /// What differs, or what made the hole.
    let what: String
    /// The call that made it so, or what the grouping is by.
    let setBy: String
    var span = CallSpan()
    /// Pairs that depend on which pages were written.
    var assumed = 0
    /// The bytes of holes.
    var bytes: UInt64 = 0
    /// What differs in each of the pairs; only if that is what they have in common.
    private let commonDifferences: VMABoundary.Causes

    init(_ key: Key) {
      cause = key.cause
      what = key.what
      setBy = key.setBy
      commonDifferences = key.differences
    }

    mutating func add(_ hole: Explanation.Hole) {
      count += 1
      bytes += hole.range.length
      span.add(hole.call)
    }
  }

  /// All of a pair that its group depends on: pairs that look alike are in one group.
  struct PairLook: Hashable {
    /// A side, as far as words tell of it.
    private struct Side: Hashable {
      var flags: VMAFlags
      var file: FileDescriptionID
      var isForkChild: Bool

      init(_ vma: VMA, showsFile: Bool) {
        flags = vma.flags.intersection(Self.shown)
        file = showsFile ? vma.file : .none
        isForkChild = vma.anonVMA.isForkChild
      }

      private static let shown = VMAFlags.access.union(.special).union([.shared, .mayShare])
    }

    private var cause: VMABoundary.Cause
    private var differences: VMABoundary.Causes
    private var differingFlags: VMAFlags
    private var lower: Side
    private var upper: Side
    private var length: UInt64 = 0
    private var hasCall: Bool
    private var thread = PID.none
    private var stack = StackID.none
    private var name = SyscallName.mmap
    private var prot = Protection(rawValue: 0)
    private var flags = MapFlags(rawValue: 0)
    private var advice: Advice?

    init(_ pair: VMABoundary, _ call: RecordedCall?, _ grouping: Grouping) {
      cause = pair.cause
      differences = pair.differences
      differingFlags = pair.differingFlags
      let showsFile = grouping == .file || cause == .file || cause == .offset
      lower = Side(pair.lower, showsFile: showsFile)
      upper = Side(pair.upper, showsFile: showsFile)
      hasCall = call != nil
      switch grouping {
      case .cause, .file: hasCall = false
      case .size: length = min(pair.lower.range.length, pair.upper.range.length)
      case .thread: thread = call?.pid ?? .none
      case .stack: stack = call?.stack ?? .none
      case .call:
        guard let call else { return }
        (name, prot, flags, advice) = (call.name, call.prot, call.flags, call.advice)
      }
    }
  }
}

extension ExplainReport.Group: Comparable {
  /// The larger group comes first.
  static func < (a: Self, b: Self) -> Bool {
    if a.count != b.count { return a.count > b.count }
    let causes = (a.cause?.rawValue ?? 0, b.cause?.rawValue ?? 0)
    if causes.0 != causes.1 { return causes.0 < causes.1 }
    if a.what != b.what { return a.what < b.what }
    if a.setBy != b.setBy { return a.setBy < b.setBy }
    return a.commonDifferences.rawValue < b.commonDifferences.rawValue
  }

  static func == (a: Self, b: Self) -> Bool { !(a < b) && !(b < a) }
}
