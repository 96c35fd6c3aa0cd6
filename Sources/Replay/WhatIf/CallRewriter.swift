import AddressSpaces
import SyscallABI

/// Changes calls on their way into the model, as rules say.
public struct CallRewriter: Sendable {
  /// What becomes of a call.
  enum Outcome {
    case asRecorded
    case leftOut
    /// These in its place, until one is refused.
    case replaced(by: [SyscallEvent])
  }

  /// What was done to calls.
  public enum Change: String, CaseIterable, Sendable {
    case leftOut = "left out"
    case withoutFlag = "mmap without a flag"
    case guarded = "guard pages by madvise"
  }

  public private(set) var changes: [Change: UInt64] = [:]
  /// The first call that is refused with the rules and was not without them.
  public internal(set) var firstRefused: RecordedCall?
  /// Calls of the batch at hand whose recorded results the model would not have given without any
  /// rule: what becomes of them is as recorded.
  public var unpredicted: Set<PeakFinder.Position> = []

  private var dropped: [(name: SyscallName, word: String?)] = []
  private var withoutFlags = MapFlags(rawValue: 0)
  private let makesGuards: Bool
  /// The inaccessible mapping that each thread made last.
  private var reserved: [PID: AddressRange] = [:]

  public init(_ rules: [WhatIfRule] = []) {
    makesGuards = rules.contains(.guardByMadvise)
    for rule in rules {
      switch rule {
      case .drop(.mmap, let word?): withoutFlags = withoutFlags | Self.flag(word)
      case .drop(.madvise, "MADV_NOHUGEPAGE"):
        // MAP_STACK sets the same flag of the VMA.
        withoutFlags = withoutFlags | .stack
        dropped.append((.madvise, "MADV_NOHUGEPAGE"))
      case .drop(let name, let word): dropped.append((name, word))
      case .ignoreNames: dropped.append((.prctl, nil))
      case .ignorePolicy: dropped.append((.mbind, nil))
      case .guardByMadvise, .ignoreFaults, .maxMapCount: break
      }
    }
  }

  private static func flag(_ word: String) -> MapFlags {
    MapFlags(rawValue: MapFlags.bitNames.first { "\($0.name)" == word }?.bit ?? 0)
  }

  /// Whether a rule leaves the call out, whatever the address space is like.
  func leavesOut(_ event: SyscallEvent) -> Bool {
    dropped.contains { name, word in
      guard name == event.name.family else { return false }
      return word.map { event.has(word: $0) } ?? true
    }
  }

  mutating func rewrite<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, in space: borrowing AddressSpace<Index>
  ) -> Outcome {
    if leavesOut(event) {
      changes[.leftOut, default: 0] += 1
      return .leftOut
    }
    var event = event
    var isChanged = false
    if case .mmap(let addr, let length, let prot, let flags, let fd, let file, let offset) =
      event.call, flags.intersects(withoutFlags)
    {
      event.call = .mmap(
        addr: addr, length: length, prot: prot, flags: flags.subtracting(withoutFlags), fd: fd,
        file: file, offset: offset)
      changes[.withoutFlag, default: 0] += 1
      isChanged = true
    }
    if makesGuards, let calls = guarding(event, in: space) {
      changes[.guarded, default: 0] += 1
      return .replaced(by: calls)
    }
    return isChanged ? .replaced(by: [event]) : .asRecorded
  }

  // MARK: Guard pages

  /// Beyond this many bytes it is no guard, but memory that is given back or kept for later.
  static var guardLimit: UInt64 { 1 << 20 }

  private mutating func guarding<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, in space: borrowing AddressSpace<Index>
  ) -> [SyscallEvent]? {
    switch event.call {
    case .mmap(_, let length, let prot, let flags, _, _, _):
      note(event, length, prot, flags)
      return nil
    case .mprotect(let addr, let length, let prot, let pkey) where pkey < 0:
      guard let size = Page.align(length), size > 0, addr.rawValue & Page.mask == 0,
        addr.rawValue <= UInt64.max - size
      else { return nil }
      let range = AddressRange(addr, addr &+ size)
      if prot == .none {
        guard size <= Self.guardLimit, space.isPrivateAnonymous(range) else { return nil }
        return [event.advising(range)]
      }
      return opening(event, range, prot, in: space)
    default: return nil
    }
  }

  private mutating func note(
    _ event: SyscallEvent, _ length: UInt64, _ prot: Protection, _ flags: MapFlags
  ) {
    reserved[event.pid] = nil
    let isReserve =
      prot == .none && flags.contains(.anonymous) && !flags.isShared && !flags.contains(.fixed)
    guard isReserve, event.result.succeeded, let size = Page.align(length) else { return }
    let start = Address(event.result.value)
    reserved[event.pid] = AddressRange(start, start &+ size)
  }

  /// An inaccessible mapping is opened but for its ends, as for stacks:
  ///
  /// ```
  /// mmap(PROT_NONE)    ------------
  /// mprotect            RRRRRRRRRR       opened: RRRRRRRRRRRR, guards: *          *
  /// ```
  private mutating func opening<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, _ range: AddressRange, _ prot: Protection,
    in space: borrowing AddressSpace<Index>
  ) -> [SyscallEvent]? {
    guard let whole = reserved.removeValue(forKey: event.pid), whole.start <= range.start,
      range.end <= whole.end, space.isPrivateAnonymous(whole)
    else { return nil }
    let ends = [
      AddressRange(whole.start, range.start), AddressRange(range.end, whole.end),
    ].filter { !$0.isEmpty }
    let isGuarded = ends.allSatisfy {
      $0.length <= Self.guardLimit && $0.length < range.length
    }
    guard !ends.isEmpty, isGuarded else { return nil }
    var opened = event
    opened.call = .mprotect(addr: whole.start, length: whole.length, prot: prot, pkey: -1)
    return [opened] + ends.map { event.advising($0) }
  }
}

extension SyscallName {
  /// Names of one call: as rules name it.
  fileprivate var family: SyscallName {
    switch self {
    case .mmap2, .oldMmap: .mmap
    default: self
    }
  }
}

extension SyscallEvent {
  /// The same moment, but madvise(MADV_GUARD_INSTALL).
  fileprivate func advising(_ range: AddressRange) -> SyscallEvent {
    var event = self
    event.name = .madvise
    event.call = .madvise(addr: range.start, length: range.length, advice: .guardInstall)
    event.result = .returned(0)
    return event
  }
}

extension AddressSpace where Index: ~Copyable {
  /// All of `range` is mapped, private and without a file.
  borrowing func isPrivateAnonymous(_ range: AddressRange) -> Bool {
    var position = range.start
    var isPrivate = true
    forEachVMA(in: range) { vma in
      if vma.range.start > position { isPrivate = false }
      position = vma.range.end
      if vma.file != .none || vma.flags.contains(.shared) { isPrivate = false }
    }
    return isPrivate && position >= range.end
  }
}
