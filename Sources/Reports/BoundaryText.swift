import AddressSpaces
import Replay
import SyscallABI

/// What keeps two VMAs apart, in words.
struct BoundaryText {
  let paths: PathTable
  let explanation: Explanation

  /// The first difference, the same for both orders of the two sides: `nohugepage on one side`.
  func difference(_ boundary: Explanation.Boundary) -> String {
    let pair = boundary.pair
    switch pair.cause {
    case .special, .prot, .shared:
      let sides = [value(of: pair, isLower: true), value(of: pair, isLower: false)]
      return sides[0] == sides[1] ? sides[0] : sides.sorted(by: >).joined(separator: " beside ")
    case .file: return fileDifference(pair)
    case .offset:
      return pair.lower.file == .none
        ? "anonymous memory that was moved beside other" : "offsets do not continue"
    case .flags: return "\(Self.names(of: pair.differingFlags)) on one side"
    case .policy: return "NUMA policies differ"
    case .name: return "names differ"
    case .userfaultfd: return "userfaultfd contexts differ"
    case .closeHook: return "SysV segments do not merge"
    case .heap: return "brk never joins what ends at the start of the heap"
    case .anonVMA: return anonDifference(pair)
    case .notTried: return "equal, but no merge was tried since"
    }
  }

  private func fileDifference(_ pair: VMABoundary) -> String {
    if pair.lower.file == .none || pair.upper.file == .none { return "a file beside none" }
    let isSameName = name(of: pair.lower) == name(of: pair.upper)
    return isSameName ? "the same file, opened or mapped twice" : "two files"
  }

  private func anonDifference(_ pair: VMABoundary) -> String {
    if pair.lower.anonVMA.isForkChild || pair.upper.anonVMA.isForkChild {
      return "inherited by fork beside other memory"
    }
    return "both written, each for itself"
  }

  /// What one side has where the two first differ.
  func value(of pair: VMABoundary, isLower: Bool) -> String {
    let vma = isLower ? pair.lower : pair.upper
    switch pair.cause {
    case .special:
      let special = vma.flags.intersection(.special)
      return special.isEmpty ? "ordinary" : Self.names(of: special)
    case .prot: return Self.access(vma.flags)
    case .shared: return vma.flags.isDisjoint(with: [.shared, .mayShare]) ? "private" : "shared"
    case .file: return name(of: vma)
    case .offset:
      let pages = isLower ? vma.pageOffset &+ vma.range.lengthInPages : vma.pageOffset
      let offset = String(pages.rawValue << Page.shift, radix: 16)
      return isLower ? "ends at offset 0x\(offset)" : "starts at offset 0x\(offset)"
    case .flags:
      let flags = vma.flags.intersection(pair.differingFlags)
      return flags.isEmpty ? "none of them" : Self.names(of: flags)
    case .policy: return vma.policy == .default ? "default" : "policy \(vma.policy.rawValue)"
    case .name:
      return vma.name == .none ? "no name" : paths.text(of: FileID(vma.name.rawValue))
    case .userfaultfd: return vma.userfault == .none ? "none" : "\(vma.userfault.rawValue)"
    case .closeHook: return name(of: vma)
    case .heap: return isLower ? "ends at start_brk" : "heap"
    case .anonVMA:
      if vma.anonVMA.isNone { return "not written" }
      return vma.anonVMA.isForkChild ? "inherited by fork" : "written"
    case .notTried: return "equal"
    }
  }

  /// The base name of the file behind a VMA.
  func name(of vma: VMA) -> String {
    guard let id = explanation.fileNames[vma.file] else { return "anonymous" }
    return name(id)
  }

  func name(_ id: FileID) -> String {
    if id == .none { return "a file without a name in the log" }
    let text = paths.text(of: id)
    let base = text.split(separator: "/").last.map(String.init) ?? text
    return paths.isDeleted(id) ? "\(base) (deleted)" : base
  }

  static func access(_ flags: VMAFlags) -> String {
    (flags.contains(.read) ? "r" : "-") + (flags.contains(.write) ? "w" : "-")
      + (flags.contains(.exec) ? "x" : "-")
  }

  /// `account, nohugepage`.
  static func names(of flags: VMAFlags) -> String {
    var names = Self.flagNames.filter { flags.contains($0.flag) }.map { "\($0.name)" }
    if !flags.isDisjoint(with: .keyMask) { names.append("protection key") }
    return names.joined(separator: ", ")
  }

  private static var flagNames: [(name: StaticString, flag: VMAFlags)] {
    [
      ("io", .io), ("dontexpand", .dontExpand), ("pfnmap", .pfnMap), ("mixedmap", .mixedMap),
      ("mayread", .mayRead), ("maywrite", .mayWrite), ("mayexec", .mayExec),
      ("growsdown", .growsDown), ("locked", .locked), ("lockonfault", .lockOnFault),
      ("sequential", .seqRead), ("random", .randRead), ("dontfork", .dontCopy),
      ("account", .account), ("noreserve", .noReserve), ("hugetlb", .hugeTLB), ("sync", .sync),
      ("wipeonfork", .wipeOnFork), ("dontdump", .dontDump), ("hugepage", .hugePage),
      ("nohugepage", .noHugePage), ("mergeable", .mergeable), ("uffd missing", .uffdMissing),
      ("uffd wp", .uffdWriteProtect), ("uffd minor", .uffdMinor), ("sealed", .sealed),
      ("droppable", .droppable), ("shadow stack", .shadowStack), ("nonlinear", .nonLinear),
      ("executable", .executable), ("denywrite", .denyWrite),
    ]
  }
}
