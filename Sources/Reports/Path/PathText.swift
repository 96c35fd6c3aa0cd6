import AddressSpaces
import Replay
import SyscallABI
import SystemPackage

/// The steps of a path in words.
struct PathText {
  let paths: PathTable
  let call: TracedCall

  /// The function that the call enters the kernel by.
  var entry: String { "sys_\(call.event.name.text)" }

  func name(_ function: KernelFunction) -> String {
    guard function == .changeVMA else { return "\(function.name(in: call.profile))" }
    switch call.event.call {
    case .mlock, .munlock, .mlockall, .munlockall: return "mlock_fixup"
    case .mbind: return "mbind_range"
    case .mseal: return "mseal_apply"
    case .setVMAName: return "madvise_set_anon_name"
    default: return "madvise_vma_behavior"
    }
  }

  func text(_ event: CallPath.Event) -> String {
    switch event {
    case .function(let function, let range):
      let isFault = function == .writeFault
      return name(function) + (range.map { " \($0)" } ?? "")
        + (isFault ? "  (after the call: pages taken to be written, see --faults)" : "")
    case .check(let check, let passed): return text(check, passed)
    case .found(let vma): return vma.map { "next VMA: \($0.range)" } ?? "no VMA above"
    case .mergeable: return "yes"
    case .refused(let reason, let wanted, let present):
      return "no: \(reason.label): "
        + "\(value(reason, wanted, other: present, isWanted: true)) wanted, "
        + "\(value(reason, present, other: wanted, isWanted: false)) there"
    case .noNeighbour(let isBelow):
      return isBelow ? "nothing to join below" : "nothing to join above"
    case .merged(let mergeCase): return "case \(mergeCase.rawValue): \(Self.drawing(mergeCase))"
    case .notMerged: return "no merge"
    case .adjusted(let arm): return Self.text(arm)
    case .linked(let vma): return "new: \(describe(vma))"
    case .removed(let vma): return "gone: \(describe(vma))"
    case .resized(let vma, let old): return "\(old) => \(vma.range)"
    case .became(let vma, let old): return "\(vma.range): \(changes(old, vma))"
    case .gotAnonVMA(let vma, let isAdopted):
      return "\(vma.range): anon_vma \(isAdopted ? "of a neighbour" : "of its own")"
    case .unchanged(let vma): return "\(vma.range) is so already: skipped"
    case .exeFileVMAs(let count):
      return "num_exe_file_vmas \(Figures.grouped(count))"
        + (count == 0 ? ": /proc/PID/exe is gone" : "")
    case .hole(let address): return "nothing is mapped at \(address)"
    case .unknown: return "unknown to this kernel: no effect on VMAs"
    case .failed(let errno): return "fails: \(Errno.name(of: errno.rawValue))"
    }
  }

  private func text(_ check: CallCheck, _ passed: Bool) -> String {
    let verdict = passed ? "passed" : "refused"
    switch check {
    case .lowestBreak(let address):
      let name = call.profile.version < KernelVersion(6, 1) ? "end_code" : "start_brk"
      return "not below \(name) \(address): \(verdict)"
    case .taskSize: return "TASK_SIZE: \(verdict)"
    case .dataLimit(let limit): return "RLIMIT_DATA \(bytes(limit)): \(verdict)"
    case .mapCount(let count, let limit):
      return "map_count \(Figures.grouped(count)) against \(Figures.grouped(limit)): \(verdict)"
    case .addressSpace(let pages, let total, let limit):
      return "\(Figures.grouped(total)) + \(Figures.count(pages, "page")) against RLIMIT_AS "
        + "\(bytes(limit)): \(verdict)"
    case .memLock(let pages, let locked, let limit):
      return "\(Figures.grouped(locked)) + \(Figures.count(pages, "page")) against "
        + "RLIMIT_MEMLOCK \(bytes(limit)): \(verdict)"
    case .memory(let pages): return "\(Figures.count(pages, "page")) to be charged: \(verdict)"
    case .free(let range): return "\(range) is \(passed ? "free" : "not free")"
    case .arguments: return "arguments: \(verdict)"
    }
  }

  private func bytes(_ limit: UInt64) -> String {
    limit == ResourceLimit.infinity ? "unlimited" : Figures.size(bytes: limit)
  }

  /// What one side of a refused merge has where the two first differ.
  func value(_ reason: MergeRefusal, _ vma: VMA, other: VMA, isWanted: Bool) -> String {
    switch reason {
    case .special:
      let special = vma.flags.intersection(.special)
      return special.isEmpty ? "ordinary" : BoundaryText.names(of: special)
    case .policy: return vma.policy == .default ? "default" : "policy \(vma.policy.rawValue)"
    case .flags:
      let differing = vma.flags.symmetricDifference(other.flags)
      let others = BoundaryText.names(of: differing.intersection(vma.flags).subtracting(.access))
      if differing.isDisjoint(with: .access) { return others.isEmpty ? "none of them" : others }
      return BoundaryText.access(vma.flags) + (others.isEmpty ? "" : " \(others)")
    case .file: return fileName(vma)
    case .userfaultfd: return vma.userfault == .none ? "none" : "\(vma.userfault.rawValue)"
    case .name: return vma.name == .none ? "no name" : paths.text(of: FileID(vma.name.rawValue))
    case .closeHook: return vma.hasCloseHook ? "close hook" : "none"
    case .anonVMA:
      if vma.anonVMA.isNone { return "not written" }
      return vma.anonVMA.isForkChild ? "inherited by fork" : "written"
    case .offset:
      let start = vma.pageOffset.rawValue
      let end = start &+ vma.range.lengthInPages
      return "pgoff 0x\(String(start, radix: 16)) to 0x\(String(end, radix: 16))"
    case .heap: return isWanted ? "heap" : "what ends at start_brk"
    }
  }

  private func fileName(_ vma: VMA) -> String {
    guard vma.file != .none else { return "no file" }
    guard let id = call.fileNames[vma.file], id != .none else { return "a file" }
    let text = paths.text(of: id)
    return text.split(separator: "/").last.map(String.init) ?? text
  }

  private func describe(_ vma: VMA) -> String {
    let name = vma.file == .none ? "" : " \(fileName(vma))"
    return "\(vma.range) \(BoundaryText.access(vma.flags))"
      + (vma.flags.contains(.mayShare) ? "s" : "p") + name
  }

  private func changes(_ old: VMA, _ new: VMA) -> String {
    var texts: [String] = []
    if old.flags.intersection(.access) != new.flags.intersection(.access) {
      texts.append("\(BoundaryText.access(old.flags)) => \(BoundaryText.access(new.flags))")
    }
    let gained = new.flags.subtracting(old.flags).subtracting(.access)
    let lost = old.flags.subtracting(new.flags).subtracting(.access)
    if !gained.isEmpty { texts.append("+\(BoundaryText.names(of: gained))") }
    if !lost.isEmpty { texts.append("-\(BoundaryText.names(of: lost))") }
    if old.policy != new.policy { texts.append("another policy") }
    if old.name != new.name { texts.append("another name") }
    if old.file != new.file || old.pageOffset != new.pageOffset { texts.append("another offset") }
    return texts.isEmpty ? "as before" : texts.joined(separator: ", ")
  }

  static func text(_ arm: AdjustArm) -> String {
    switch arm {
    case .none: "no neighbour changes"
    case .removeNext: "remove_next 1: the VMA above disappears"
    case .removeTwo: "remove_next 2, then again 1: two VMAs disappear"
    case .takeFromNext: "adjust_next > 0: the VMA above gives pages up"
    case .giveToNext: "adjust_next < 0: the VMA above takes pages over"
    case .insert: "insert: the other half of a split"
    }
  }

  /// `P` below, `N` above, `X` above that, `A` the range.
  static func drawing(_ mergeCase: MergeCase) -> String {
    switch mergeCase {
    case .case1: "PPAANN => PPPPPP"
    case .case2: "PPAA.. => PPPP"
    case .case3: "..AANN => NNNN"
    case .case4: "PPAANN => PPNNNN, A the upper part of P"
    case .case5: "PPAANN => PPPPNN, A the lower part of N"
    case .case6: "PPAAXX => PPPPPP, A all of N"
    case .case7: "PPAA.. => PPPP, A all of N"
    case .case8: "..AAXX => NNNN, A all of N"
    }
  }
}
