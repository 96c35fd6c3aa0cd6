import SyscallABI
import SystemPackage

@testable import AddressSpaces

/// Every run that a program without recorded faults may have had: the exact model, on each choice
/// of what was written between any two calls, and in which order.
struct FaultSchedules {
  /// One run: an address space of its own.
  final class Run {
    var space: TreeSpace

    init(_ space: consuming TreeSpace) { self.space = space }

    func copy() -> Run { Run(TreeSpace(copying: space)) }

    /// Everything that decides what happens later, anon_vmas numbered in address order.
    var signature: [UInt64] {
      var numbers: [UInt32: UInt64] = [:]
      var words: [UInt64] = [space.currentBreak.rawValue, space.defaultFlags.rawValue]
      space.forEachVMA { vma in
        var anon: UInt64 = 0
        if !vma.anonVMA.isNone {
          anon = numbers[vma.anonVMA.rawValue] ?? UInt64(numbers.count + 1)
          numbers[vma.anonVMA.rawValue] = anon
          if vma.anonVMA.isForkChild { anon |= 1 << 32 }
        }
        words += [
          vma.range.start.rawValue, vma.range.end.rawValue, vma.flags.rawValue,
          vma.pageOffset.rawValue, UInt64(vma.file.rawValue), UInt64(vma.policy.rawValue), anon,
        ]
      }
      return words
    }
  }

  /// The different runs, closed over what may be written before the next call.
  private(set) var runs: [Run]

  init(profile: KernelProfile = .linux6) { runs = [Run(TreeSpace(profile: profile))] }

  init(runs: [Run]) {
    self.runs = []
    var seen: Set<[UInt64]> = []
    var pending = runs
    while let run = pending.popLast() {
      guard seen.insert(run.signature).inserted else { continue }
      self.runs.append(run)
      for vma in run.space.vmas() where vma.flags.contains(.write) && vma.anonVMA.isNone {
        guard vma.flags.isDisjoint(with: [.shared, .mayShare]) else { continue }
        let written = run.copy()
        written.space.writeFault(in: AddressRange(vma.range.start, vma.range.start &+ Page.size))
        pending.append(written)
      }
    }
  }

  var mapCounts: ClosedRange<Int> {
    let counts = runs.map { $0.space.mapCount }
    return counts.min()!...counts.max()!
  }

  var signature: Set<[UInt64]> { Set(runs.map(\.signature)) }

  /// The same call in every run; runs of different results are runs of different logs.
  func applying(_ call: CertainCall) -> [(result: Errno?, runs: FaultSchedules)] {
    var byResult: [Int32: [Run]] = [:]
    for run in runs {
      let next = run.copy()
      let errno = call.perform(on: &next.space)
      byResult[errno?.rawValue ?? 0, default: []].append(next)
    }
    return byResult.sorted { $0.key < $1.key }.map {
      ($0.key == 0 ? nil : Errno(rawValue: $0.key), FaultSchedules(runs: $0.value))
    }
  }
}

/// A call of a short program, on a few pages.
enum CertainCall: Hashable, CustomStringConvertible {
  case mmap(Int, Int, Protection, populate: Bool)
  case mapFile(Int, Int, Protection)
  case munmap(Int, Int)
  case mprotect(Int, Int, Protection)
  case move(Int, Int, to: Int)
  case leave(Int, Int, to: Int)
  case grow(Int, Int, to: Int)
  case mlock(Int, Int)
  case munlock(Int, Int)
  case advise(Int, Int, Advice)
  /// The heap starts at the first page; the break moves from one page to another.
  case brk(from: Int, to: Int)
  case fork

  var description: String {
    switch self {
    case .mmap(let a, let b, let prot, let populate):
      "mmap \(a)..<\(b) \(Self.text(prot))\(populate ? " populate" : "")"
    case .mapFile(let a, let b, let prot): "file \(a)..<\(b) \(Self.text(prot))"
    case .munmap(let a, let b): "munmap \(a)..<\(b)"
    case .mprotect(let a, let b, let prot): "mprotect \(a)..<\(b) \(Self.text(prot))"
    case .move(let a, let b, let to): "mremap \(a)..<\(b) to \(to)"
    case .leave(let a, let b, let to): "mremap \(a)..<\(b) to \(to) dontunmap"
    case .grow(let a, let b, let to): "mremap \(a)..<\(b) grow to \(to)"
    case .mlock(let a, let b): "mlock \(a)..<\(b)"
    case .munlock(let a, let b): "munlock \(a)..<\(b)"
    case .advise(let a, let b, let advice): "madvise \(a)..<\(b) \(advice)"
    case .brk(let from, let to): "brk \(from) to \(to)"
    case .fork: "fork"
    }
  }

  private static func text(_ prot: Protection) -> String {
    (prot.contains(.read) ? "r" : "-") + (prot.contains(.write) ? "w" : "-")
      + (prot.contains(.exec) ? "x" : "-")
  }

  static func range(_ a: Int, _ b: Int) -> AddressRange { AddressRange(column(a), column(b)) }

  static let fixed: MapFlags = .private | .anonymous | .fixed

  /// In the exact model.
  func perform(on space: inout TreeSpace) -> Errno? {
    do throws(Errno) {
      switch self {
      case .mmap(let a, let b, let prot, let populate):
        try space.mmap(
          at: column(a), length: pages(b - a), prot: prot,
          flags: populate ? Self.fixed | .populate : Self.fixed)
      case .mapFile(let a, let b, let prot):
        try space.mmap(
          at: column(a), length: pages(b - a), prot: prot, flags: .private | .fixed,
          file: FileDescriptionID(1), offset: pages(a))
      case .munmap(let a, let b): try space.munmap(column(a), length: pages(b - a))
      case .mprotect(let a, let b, let prot):
        try space.mprotect(column(a), length: pages(b - a), prot: prot)
      case .move(let a, let b, let to):
        try space.mremap(
          column(a), oldSize: pages(b - a), newSize: pages(b - a), flags: .mayMove | .fixed,
          newAddress: column(to), result: column(to))
      case .leave(let a, let b, let to):
        try space.mremap(
          column(a), oldSize: pages(b - a), newSize: pages(b - a),
          flags: .mayMove | .fixed | .dontUnmap, newAddress: column(to), result: column(to))
      case .grow(let a, let b, let to):
        try space.mremap(
          column(a), oldSize: pages(b - a), newSize: pages(to - a), flags: RemapFlags(rawValue: 0),
          result: column(a))
      case .mlock(let a, let b): try space.mlock(column(a), length: pages(b - a))
      case .munlock(let a, let b): try space.munlock(column(a), length: pages(b - a))
      case .advise(let a, let b, let advice):
        try space.madvise(column(a), length: pages(b - a), advice: advice)
      case .brk(let from, let to):
        space.setHeap(start: column(0), end: column(from))
        space.setBreak(column(to))
      case .fork: space = space.fork()
      }
    } catch {
      return error
    }
    return nil
  }

  /// In the reading that knows only the log. `after` is one run that gave the same result.
  func perform(
    on space: inout CertainAddressSpace, result: Errno?, after: borrowing TreeSpace
  ) {
    let succeeded = result == nil
    switch self {
    case .mmap(let a, let b, _, let populate):
      guard succeeded else { return space.resync(Self.range(a, b), with: after) }
      space.mmap(
        Self.range(a, b), hasFileOfItsOwn: false, knowsSharing: true, populates: populate,
        after: after)
    case .mapFile(let a, let b, _):
      guard succeeded else { return space.resync(Self.range(a, b), with: after) }
      space.mmap(
        Self.range(a, b), hasFileOfItsOwn: false, knowsSharing: true, populates: false,
        after: after)
    case .munmap(let a, let b):
      if succeeded { space.munmap(Self.range(a, b), after: after) }
    case .mprotect(let a, let b, _):
      space.change(Self.range(a, b), .access, succeeded: succeeded, after: after)
    case .move(let a, let b, let to), .leave(let a, let b, let to), .grow(let a, let b, let to):
      remap(a, b, to, on: &space, succeeded: succeeded, after: after)
    case .mlock(let a, let b):
      space.change(
        Self.range(a, b), .locks(populates: true), succeeded: succeeded, after: after)
    case .munlock(let a, let b):
      space.change(
        Self.range(a, b), .locks(populates: false), succeeded: succeeded, after: after)
    case .advise(let a, let b, let advice):
      if advice == .populateWrite || advice == .guardInstall {
        space.populate(Self.range(a, b), by: advice, succeeded: succeeded)
      } else {
        space.change(Self.range(a, b), .other, succeeded: succeeded, after: after)
      }
    case .brk(let from, let to):
      space.moveBreak(from: column(from), to: column(to), after: after)
    case .fork: space = space.forked()
    }
  }

  private func remap(
    _ a: Int, _ b: Int, _ to: Int, on space: inout CertainAddressSpace, succeeded: Bool,
    after: borrowing TreeSpace
  ) {
    if !succeeded {
      var leaves = false
      if case .leave = self { leaves = true }
      space.refuseMove(
        column(a), size: pages(b - a), target: column(to), leaves: leaves, after: after)
      return
    }
    switch self {
    case .grow:
      space.mremap(
        column(a), oldSize: pages(b - a), newSize: pages(to - a), flags: RemapFlags(rawValue: 0),
        result: column(a), after: after)
    case .leave:
      space.mremap(
        column(a), oldSize: pages(b - a), newSize: pages(b - a),
        flags: .mayMove | .fixed | .dontUnmap, result: column(to), after: after)
    default:
      space.mremap(
        column(a), oldSize: pages(b - a), newSize: pages(b - a), flags: .mayMove | .fixed,
        result: column(to), after: after)
    }
  }
}
