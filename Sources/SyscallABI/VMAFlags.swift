/// The flags of a VMA (`vm_flags`), as far as they decide merging or are shown in smaps.
///
/// The bits are this library's own; smaps names them by two letters, which is how they cross the
/// boundary.
public struct VMAFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt64

  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public static let read = VMAFlags(rawValue: 1 << 0)
  public static let write = VMAFlags(rawValue: 1 << 1)
  public static let exec = VMAFlags(rawValue: 1 << 2)
  public static let shared = VMAFlags(rawValue: 1 << 3)
  public static let mayRead = VMAFlags(rawValue: 1 << 4)
  public static let mayWrite = VMAFlags(rawValue: 1 << 5)
  public static let mayExec = VMAFlags(rawValue: 1 << 6)
  public static let mayShare = VMAFlags(rawValue: 1 << 7)
  public static let growsDown = VMAFlags(rawValue: 1 << 8)
  public static let pfnMap = VMAFlags(rawValue: 1 << 9)
  public static let locked = VMAFlags(rawValue: 1 << 10)
  public static let io = VMAFlags(rawValue: 1 << 11)
  public static let seqRead = VMAFlags(rawValue: 1 << 12)
  public static let randRead = VMAFlags(rawValue: 1 << 13)
  public static let dontCopy = VMAFlags(rawValue: 1 << 14)
  public static let dontExpand = VMAFlags(rawValue: 1 << 15)
  public static let account = VMAFlags(rawValue: 1 << 16)
  public static let noReserve = VMAFlags(rawValue: 1 << 17)
  public static let hugeTLB = VMAFlags(rawValue: 1 << 18)
  public static let sync = VMAFlags(rawValue: 1 << 19)
  public static let wipeOnFork = VMAFlags(rawValue: 1 << 20)
  public static let dontDump = VMAFlags(rawValue: 1 << 21)
  public static let mixedMap = VMAFlags(rawValue: 1 << 22)
  public static let hugePage = VMAFlags(rawValue: 1 << 23)
  public static let noHugePage = VMAFlags(rawValue: 1 << 24)
  public static let mergeable = VMAFlags(rawValue: 1 << 25)
  public static let lockOnFault = VMAFlags(rawValue: 1 << 26)
  public static let uffdMissing = VMAFlags(rawValue: 1 << 27)
  public static let uffdWriteProtect = VMAFlags(rawValue: 1 << 28)
  public static let uffdMinor = VMAFlags(rawValue: 1 << 29)
  public static let sealed = VMAFlags(rawValue: 1 << 30)
  public static let droppable = VMAFlags(rawValue: 1 << 31)
  public static let shadowStack = VMAFlags(rawValue: 1 << 32)
  public static let softDirty = VMAFlags(rawValue: 1 << 33)
  /// Pages of a file in another order (until 3.19).
  public static let nonLinear = VMAFlags(rawValue: 1 << 34)
  /// A mapping of the program itself, made by execve (until 3.6).
  public static let executable = VMAFlags(rawValue: 1 << 35)
  /// Of a program or its interpreter, made by execve (until 5.14).
  public static let denyWrite = VMAFlags(rawValue: 1 << 36)
  /// The protection key, four bits; not shown by smaps' VmFlags.
  public static let keyShift: UInt64 = 40
  public static let keyMask = VMAFlags(rawValue: 0xf << keyShift)

  /// The access bits that `/proc/PID/maps` shows as `rwx`.
  public static let access = VMAFlags(rawValue: 0b111)

  /// VM_SPECIAL: a VMA with one of these never merges.
  public static let special = VMAFlags(rawValue: 1 << 9 | 1 << 11 | 1 << 15 | 1 << 22)

  /// The two-letter codes of the `VmFlags:` line, in the kernel's order.
  public static var smapsCodes: [(code: StaticString, flag: VMAFlags)] {
    [
      ("rd", .read), ("wr", .write), ("ex", .exec), ("sh", .shared), ("mr", .mayRead),
      ("mw", .mayWrite), ("me", .mayExec), ("ms", .mayShare), ("gd", .growsDown),
      ("pf", .pfnMap), ("dw", .denyWrite), ("lo", .locked), ("io", .io), ("sr", .seqRead),
      ("rr", .randRead),
      ("dc", .dontCopy), ("de", .dontExpand), ("lf", .lockOnFault), ("ac", .account),
      ("nr", .noReserve), ("ht", .hugeTLB), ("nl", .nonLinear), ("sf", .sync), ("wf", .wipeOnFork),
      ("dd", .dontDump), ("sd", .softDirty), ("mm", .mixedMap), ("hg", .hugePage),
      ("nh", .noHugePage), ("mg", .mergeable), ("um", .uffdMissing), ("uw", .uffdWriteProtect),
      ("ui", .uffdMinor), ("ss", .shadowStack), ("sl", .sealed), ("dp", .droppable),
    ]
  }
}
