public import SyscallABI

/// A range of pages that belongs to one VMA in every run, with all that it can be.
///
/// In each run a VMA is one piece, or several that touch.
public struct CertainPiece: Sendable, BitwiseCopyable {
  public internal(set) var range: AddressRange
  /// Flags that are set in every run.
  public internal(set) var flags: VMAFlags
  /// Flags that are set in some runs, or may be.
  public internal(set) var doubtfulFlags: VMAFlags = []
  /// What it shares with the VMA below that touches it.
  public internal(set) var border: Border = .apart

  var linear: OffsetPossibilities
  /// The open file description, or one that may be another of the same file.
  public internal(set) var file: FileDescriptionID
  /// The call that mapped it: pieces of one call are surely of one open file description.
  var mapping: UInt32 = 0
  /// Nobody else can have its file (shared anonymous memory, SysV segments).
  var hasFileOfItsOwn = false
  var policy: PolicyID = .default
  var name: NameID = .none
  var userfault: UserfaultID = .none
  var hasCloseHook = false
  var anon: AnonPossibilities = .none
  /// Pieces with the same number, which is not 0, surely have one anon_vma.
  var identity: UInt32 = 0

  /// The offset column of `/proc/PID/maps`, in bytes: 0 for anonymous memory.
  public var shownOffset: UInt64 {
    file == .none ? 0 : (linear.likely &+ start.pageNumber) << Page.shift
  }

  var start: Address { range.start }
  var end: Address { range.end }

  var isShared: Bool { !flags.isDisjoint(with: [.shared, .mayShare]) }

  var isAnonymous: Bool { file == .none && !isShared }

  /// It could be written privately now.
  var mayBeWritten: Bool {
    if isShared { return false }
    if flags.union(doubtfulFlags).contains(.write) { return true }
    // A huge page has an anon_vma also after it was only read.
    return isAnonymous && flags.union(doubtfulFlags).contains(.hugePage)
  }

  /// A page of it may be written for the first time.
  var mayBeWrittenFirst: Bool { mayBeWritten && anon.contains(.none) }

  /// Private, and surely writable: a populate writes it.
  var takesPrivateWrites: Bool {
    flags.contains(.write) && !isShared
  }

  /// It may have been written by now.
  mutating func settle() {
    if mayBeWrittenFirst { anon.insert(.own) }
  }

  /// It was written by the kernel itself.
  mutating func write() {
    if anon.contains(.none) {
      anon.remove(.none)
      anon.insert(.own)
    }
  }

  /// Everything but adjacency and anon_vma lets the two be one.
  ///
  /// - Parameter ignoring: flags that may differ.
  func isLike(_ other: CertainPiece, ignoring: VMAFlags = []) -> Judgement {
    let known = flags.union(other.flags).subtracting(doubtfulFlags.union(other.doubtfulFlags))
    if !known.isDisjoint(with: .special) { return .no }
    if policy != other.policy || name != other.name || userfault != other.userfault { return .no }
    let unsure = doubtfulFlags.union(other.doubtfulFlags)
    let differing = flags.symmetricDifference(other.flags).subtracting(unsure)
    if !differing.subtracting(ignoring).isEmpty { return .no }
    return isOfSameFile(other)
      .and(linear.equals(other.linear))
      .and(flagJudgement(unsure.subtracting(ignoring)))
      .and(hasCloseHook ? .maybe(.file) : .yes)
  }

  /// Whether its first write may take over the anon_vma of a neighbour.
  ///
  /// Linux: `anon_vma_compatible`.
  func adopts(from other: CertainPiece) -> Certainty {
    if policy != other.policy { return .no }
    let unsure = doubtfulFlags.union(other.doubtfulFlags).subtracting(.access)
    let differing = flags.symmetricDifference(other.flags).subtracting(.access)
    if !differing.subtracting(unsure).isEmpty { return .no }
    return isOfSameFile(other).and(linear.equals(other.linear)).and(flagJudgement(unsure))
      .certainty
  }

  /// Whatever the possibilities, the anon_vmas are the same, or one has none and the other one
  /// that arose in this process.
  func surelyAgrees(with other: CertainPiece) -> Bool {
    if identity != 0 && identity == other.identity { return true }
    if anon.contains(.inherited) || other.anon.contains(.inherited) { return false }
    return !(anon.contains(.own) && other.anon.contains(.own))
  }

  private func isOfSameFile(_ other: CertainPiece) -> Judgement {
    if file == .none || other.file == .none { return file == other.file ? .yes : .no }
    if mapping == other.mapping { return .yes }
    return hasFileOfItsOwn || other.hasFileOfItsOwn ? .no : .maybe(.file)
  }

  private func flagJudgement(_ unsure: VMAFlags) -> Judgement {
    if unsure.isEmpty { return .yes }
    if unsure.isSubset(of: .account) { return .maybe(.account) }
    return .maybe(unsure.isSubset(of: [.locked, .lockOnFault]) ? .locked : .flags)
  }

  /// Whether the anon_vmas let them be one.
  func anonFits(
    asSourceFor target: CertainPiece, agrees: Bool = false, asksFork: Bool = true,
    _ profile: KernelProfile
  ) -> Certainty {
    let isOne = identity != 0 && identity == target.identity
    if agrees && profile.follows(.writtenJoinsUnwritten) { return .yes }
    return AnonPossibilities.mergeable(
      source: anon, target: target.anon, isOne: isOne || agrees, asksFork: asksFork, profile)
  }

  /// What lies between a piece and the piece below that touches it.
  public struct Border: Hashable, Sendable, BitwiseCopyable {
    public enum State: UInt8, Sendable, BitwiseCopyable {
      /// Nothing touches it from below.
      case apart
      /// Both are one VMA in every run: only while a call is being applied.
      case absent
      /// Two VMAs in some runs, or it is not known.
      case maybe
      /// Two VMAs in every run.
      case present
    }

    public internal(set) var state: State
    /// Why it is not known; means something only for `maybe`.
    public internal(set) var doubt: Doubt = .written
    /// Where there are two VMAs, their anon_vmas let them be one: they are the same, or one has
    /// none and the other one that arose in this process.
    var agrees = false

    static let apart = Border(state: .apart)
    static let absent = Border(state: .absent, agrees: true)
    static let present = Border(state: .present)

    /// A border where a merge was tried.
    init(afterTry merge: Judgement) {
      switch merge.certainty {
      case .no: state = .present
      case .yes: state = .absent
      case .maybe: state = .maybe
      }
      doubt = merge.doubt
    }

    init(state: State, doubt: Doubt = .written, agrees: Bool = false) {
      self.state = state
      self.doubt = doubt
      self.agrees = agrees
    }

    /// It may be that both are one VMA.
    var mayBeAbsent: Bool { state == .absent || state == .maybe }
    /// It may be that there are two VMAs.
    var mayBePresent: Bool { state == .present || state == .maybe }
  }
}
