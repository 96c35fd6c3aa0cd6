/// An open file description, or what stands for one: two mappings may merge only if they are of
/// the same.
///
/// The numbers are the caller's. dup'ed descriptors share an id; each open, each shared anonymous
/// mapping and each attach of a SysV segment has its own.
public struct FileDescriptionID: Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt32

  @inlinable
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// Anonymous memory.
  public static let none = FileDescriptionID(0)
}

/// A NUMA policy (mode and nodes), numbered by the caller; equal ids are equal policies.
public struct PolicyID: Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt32

  @inlinable
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// MPOL_DEFAULT.
  public static let `default` = PolicyID(0)
}

/// The name of an anonymous VMA (prctl PR_SET_VMA_ANON_NAME), numbered by the caller.
public struct NameID: Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt32

  @inlinable
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// No name.
  public static let none = NameID(0)
}

/// A userfaultfd context, numbered by the caller.
public struct UserfaultID: Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt32

  @inlinable
  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// Not registered.
  public static let none = UserfaultID(0)
}

/// The anon_vma of a VMA: what its privately written pages hang on.
///
/// No log shows it. It arises at the first write fault, is shared by the pieces of a split, and
/// decides whether two VMAs that look alike may become one.
public struct AnonVMA: Hashable, Sendable, BitwiseCopyable {
  /// The top bit says that the VMA was inherited by fork; the rest is the identity.
  var rawValue: UInt32

  init(rawValue: UInt32) { self.rawValue = rawValue }

  /// No page was written yet.
  public static let none = AnonVMA(rawValue: 0)

  static let forkChildBit: UInt32 = 1 << 31

  public var isNone: Bool { rawValue == 0 }

  /// Counts up from 1 in each address space.
  public var number: UInt32 { rawValue & ~Self.forkChildBit }

  /// Inherited from a parent process: the anon_vma_chain has more than one entry.
  ///
  /// All VMAs of one identity agree on this, since an inherited anon_vma is never adopted and never
  /// joins an unfaulted VMA.
  public var isForkChild: Bool { rawValue & Self.forkChildBit != 0 }
}
