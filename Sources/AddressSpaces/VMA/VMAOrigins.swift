/// A call, numbered by the caller, that made a VMA what it is.
public struct CallID: Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt32

  @inlinable
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// No call: it was so when the address space was first seen.
  public static let none = CallID(0)
}

/// The calls to which one end of a VMA owes what it is there.
///
/// A VMA that merged from many mappings owes its two ends to different calls. What lies between
/// is not kept, so that this takes as much memory as there are VMAs, however many calls made them.
public struct EdgeOrigins: Hashable, Sendable, BitwiseCopyable {
  /// Mapped it: sets what stands behind it, sharing and offset.
  public internal(set) var mapping: CallID
  /// Set its access.
  public internal(set) var access: CallID
  /// Set its other flags.
  public internal(set) var flags: CallID
  public internal(set) var policy: CallID
  public internal(set) var name: CallID
  /// During or right after which it is taken to have been written first.
  public internal(set) var write: CallID

  init(all call: CallID) {
    mapping = call
    access = call
    flags = call
    policy = call
    name = call
    write = call
  }

  /// Every call named here.
  public var calls: [CallID] { [mapping, access, flags, policy, name, write] }

  /// Visits every call named here, one that is named more than once as often.
  @inlinable
  public func forEachCall(_ body: (CallID) -> Void) {
    body(mapping)
    body(access)
    body(flags)
    body(policy)
    body(name)
    body(write)
  }
}

/// The calls that made a VMA what it is at its two ends, and the hole below it.
public struct VMAOrigins: Hashable, Sendable, BitwiseCopyable {
  public internal(set) var low: EdgeOrigins
  public internal(set) var high: EdgeOrigins
  /// The last call that unmapped something right below; `.none` if nothing was ever mapped there.
  /// It means something only where there is a hole.
  public internal(set) var holeBelow: CallID

  init(all call: CallID, holeBelow: CallID = .none) {
    low = EdgeOrigins(all: call)
    high = low
    self.holeBelow = holeBelow
  }

  static let unknown = VMAOrigins(all: .none)
}
