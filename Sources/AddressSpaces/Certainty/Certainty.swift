/// An answer to a question about every run that a log admits.
public enum Certainty: UInt8, Sendable, BitwiseCopyable {
  /// In no run.
  case no
  /// In some runs, or it is not known.
  case maybe
  /// In every run.
  case yes

  /// Both must be so.
  func and(_ other: Certainty) -> Certainty {
    Certainty(rawValue: min(rawValue, other.rawValue)) ?? .maybe
  }

  /// One answer for the runs of both.
  func union(_ other: Certainty) -> Certainty { self == other ? self : .maybe }
}

/// What would have to be known to tell whether a border is there.
public enum Doubt: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  /// Which pages were written, and so which anon_vma there is.
  case written
  /// VM_ACCOUNT, which mprotect drops from memory that was never written.
  case account
  /// VM_LOCKED, which MREMAP_DONTUNMAP takes from a whole VMA.
  case locked
  /// Flags that are older than the log.
  case flags
  /// The hidden offset of anonymous memory that was moved.
  case offset
  /// Whether two mappings of files are of one open file description.
  case file
  /// In which order calls that overlap in the log took effect.
  case order
  /// How far a call came before it was refused.
  case refusal

  /// The name in reports.
  public var label: StaticString {
    switch self {
    case .written: "written"
    case .account: "account"
    case .locked: "locked"
    case .flags: "flags"
    case .offset: "offset"
    case .file: "file"
    case .order: "order"
    case .refusal: "refusal"
    }
  }
}

/// An answer, and what is in the way of a sure one.
struct Judgement: BitwiseCopyable {
  var certainty: Certainty
  /// Means something only for `maybe`.
  var doubt: Doubt

  static let no = Judgement(certainty: .no, doubt: .written)
  static let yes = Judgement(certainty: .yes, doubt: .written)

  static func maybe(_ doubt: Doubt) -> Judgement { Judgement(certainty: .maybe, doubt: doubt) }

  /// Both must be so; the first doubt is named.
  func and(_ other: @autoclosure () -> Judgement) -> Judgement {
    if certainty == .no { return self }
    let other = other()
    if certainty == .yes || other.certainty == .no { return other }
    return self
  }
}

/// What the anon_vma of a VMA can be.
struct AnonPossibilities: OptionSet, Hashable, BitwiseCopyable {
  var rawValue: UInt8

  /// Nothing was written.
  static let none = AnonPossibilities(rawValue: 1)
  /// It arose in this process.
  static let own = AnonPossibilities(rawValue: 2)
  /// It came by fork.
  static let inherited = AnonPossibilities(rawValue: 4)

  static let some: AnonPossibilities = [.own, .inherited]

  var isSurelyNone: Bool { self == .none }
  var isSurelySome: Bool { !contains(.none) && !isEmpty }
  /// Where it is none, a write would add a possibility.
  var mayBecomeOwn: Bool { contains(.none) && !contains(.own) }

  /// Whether a range with `source` may become part of a neighbour with `target`.
  ///
  /// - Parameters:
  ///   - isOne: if both have an anon_vma, it is the same.
  ///   - asksFork: an inherited source is refused by what was never written.
  ///
  /// Linux: `is_mergeable_anon_vma`.
  static func mergeable(
    source: AnonPossibilities, target: AnonPossibilities, isOne: Bool, asksFork: Bool = true,
    _ profile: KernelProfile
  ) -> Certainty {
    var answer: Certainty?
    for s in [AnonPossibilities.none, .own, .inherited] where source.contains(s) {
      for t in [AnonPossibilities.none, .own, .inherited] where target.contains(t) {
        let one = single(s, t, isOne: isOne, asksFork: asksFork, profile)
        answer = answer.map { $0.union(one) } ?? one
        if answer == .maybe { return .maybe }
      }
    }
    return answer ?? .maybe
  }

  private static func single(
    _ source: AnonPossibilities, _ target: AnonPossibilities, isOne: Bool, asksFork: Bool,
    _ profile: KernelProfile
  ) -> Certainty {
    switch (source, target) {
    case (.none, .none): return .yes
    case (.none, _):
      return target == .inherited && profile.follows(.forkChildStaysApart) ? .no : .yes
    case (_, .none):
      if !profile.follows(.forkChildStaysApart) { return .yes }
      if source == .inherited && asksFork { return .no }
      return profile.follows(.writtenJoinsUnwritten) ? .yes : .no
    case (.own, .own), (.inherited, .inherited): return isOne ? .yes : .maybe
    default: return .no
    }
  }

  /// What a VMA has that was made of two.
  func merged(with other: AnonPossibilities) -> AnonPossibilities {
    union(other).subtracting(.none).union(intersection(other).intersection(.none))
  }
}

/// What the constant `pgoff - start / 4096` of a VMA can be: one value, two, or any.
struct OffsetPossibilities: Hashable, BitwiseCopyable {
  private var first: UInt64
  private var second: UInt64
  private var isAny: Bool

  init(_ value: UInt64) {
    first = value
    second = value
    isAny = false
  }

  static let any: OffsetPossibilities = {
    var any = OffsetPossibilities(0)
    any.isAny = true
    return any
  }()

  /// The only possibility, if there is only one.
  var only: UInt64? { isAny || first != second ? nil : first }

  /// One of them.
  var likely: UInt64 { first }

  func equals(_ other: OffsetPossibilities) -> Judgement {
    if isAny || other.isAny { return .maybe(.offset) }
    if let a = only, let b = other.only { return a == b ? .yes : .no }
    let overlap =
      first == other.first || first == other.second || second == other.first
      || second == other.second
    return overlap ? .maybe(.offset) : .no
  }

  /// Everything that either can be.
  func union(_ other: OffsetPossibilities) -> OffsetPossibilities {
    if isAny || other.isAny { return .any }
    var union = self
    for value in [other.first, other.second] where value != union.first && value != union.second {
      if union.first != union.second { return .any }
      union.second = value
    }
    return union
  }

  /// What is possible under both; this, if nothing is.
  func narrowed(by other: OffsetPossibilities) -> OffsetPossibilities {
    if isAny { return other }
    return other.only != nil && equals(other).certainty == .maybe ? other : self
  }

  /// The same offsets at another address.
  func moved(by pages: UInt64) -> OffsetPossibilities {
    if isAny { return self }
    var moved = self
    moved.first = first &- pages
    moved.second = second &- pages
    return moved
  }
}
