import AddressSpaces
import SyscallABI

/// Takes an address space apart in one walk.
struct ExplanationBuilder: ~Copyable {
  private(set) var explanation: Explanation
  private let calls: CallLedger
  private let files: FileTable
  private var runStart: VMA?
  private var runCount = 0
  private var runMissed = 0
  private var lastNamed = FileDescriptionID.none
  private var largest: (pages: UInt64, name: MapImage.Name) = (0, .none)

  init(_ process: ProcessView, calls: CallLedger, files: FileTable) {
    explanation = Explanation(process: process)
    self.calls = calls
    self.files = files
  }

  /// - Complexity: O(*n*).
  mutating func walk<Index: VMAIndex & ~Copyable>(_ space: borrowing AddressSpace<Index>) {
    explanation.mapCount = space.mapCount
    explanation.boundaries = Explanation.Boundaries(
      calls: calls.calls, capacity: space.mapCount)
    var previous: VMA?
    space.forEachVMA { vma, below in
      if let below {
        explanation.counts.add(below)
        add(below, in: space)
        if !below.cause.isNeeded { runMissed += 1 }
      } else {
        if let lower = previous {
          endRun(at: lower.range.end)
          explanation.holes.append(hole(between: lower, and: vma, in: space))
        }
        runStart = vma
      }
      runCount += 1
      if vma.range.lengthInPages > largest.pages {
        largest = (vma.range.lengthInPages, name(of: vma, in: space))
      }
      previous = vma
    }
    if let previous { endRun(at: previous.range.end) }
  }

  private mutating func endRun(at end: Address) {
    guard let runStart else { return }
    explanation.runs.append(
      Explanation.Run(
        range: AddressRange(runStart.range.start, end), vmaCount: runCount,
        missedMerges: runMissed, name: largest.name))
    (runCount, runMissed, largest) = (0, 0, (0, .none))
  }

  private func name<Index: VMAIndex & ~Copyable>(
    of vma: VMA, in space: borrowing AddressSpace<Index>
  ) -> MapImage.Name {
    if let file = files[vma.file] { return .file(file.name) }
    if space.isHeap(vma) { return .heap }
    return space.isStack(vma) ? .stack : .none
  }

  // MARK: Boundaries

  private mutating func add<Index: VMAIndex & ~Copyable>(
    _ pair: VMABoundary, in space: borrowing AddressSpace<Index>
  ) {
    let lower = space.origins(of: pair.lower.handle)?.high
    let upper = space.origins(of: pair.upper.handle)?.low
    let setters = (
      lower: lower?.setter(of: pair.cause) ?? .none, upper: upper?.setter(of: pair.cause) ?? .none
    )
    var equalSince = CallID.none
    var isAssumed = false
    if pair.cause == .anonVMA {
      isAssumed =
        !isCertain(pair.lower, calls[setters.lower]) || !isCertain(pair.upper, calls[setters.upper])
    }
    if pair.cause == .notTried {
      let both = [lower, upper].compactMap { $0 }.flatMap { $0.calls }
      equalSince = both.max { calls[$0]?.line ?? 0 < calls[$1]?.line ?? 0 } ?? .none
      isAssumed = !pair.lower.anonVMA.isNone || !pair.upper.anonVMA.isNone
    }
    explanation.boundaries.append(
      pair, setters: setters, equalSince: equalSince, isAssumed: isAssumed)
    nameFile(of: pair.lower)
    nameFile(of: pair.upper)
  }

  private mutating func nameFile(of vma: VMA) {
    if vma.file == lastNamed || vma.file == .none { return }
    explanation.fileNames[vma.file] = files[vma.file]?.name
    lastNamed = vma.file
  }

  /// Whether a side was written without a doubt: the call itself writes the pages.
  private func isCertain(_ vma: VMA, _ writer: RecordedCall?) -> Bool {
    guard !vma.anonVMA.isNone, let writer else { return false }
    switch writer.name {
    case .mlock, .mlockall: return true
    case .mmap, .mmap2, .oldMmap:
      return writer.flags.contains(.populate) || writer.flags.contains(.locked)
    case .madvise: return writer.advice == .populateWrite || writer.advice == .guardInstall
    default: return false
    }
  }

  // MARK: Holes

  private func hole<Index: VMAIndex & ~Copyable>(
    between lower: VMA, and upper: VMA, in space: borrowing AddressSpace<Index>
  ) -> Explanation.Hole {
    let range = AddressRange(lower.range.end, upper.range.start)
    let call = space.origins(of: upper.handle).flatMap { calls[$0.holeBelow] }
    if let mapping = space.origins(of: lower.handle).flatMap({ calls[$0.high.mapping] }),
      call == nil || call!.line < mapping.line, isAligned(mapping, at: range, space.profile)
    {
      return Explanation.Hole(range: range, maker: .kernelAlignment, call: mapping)
    }
    guard let call, !isMostlyOlder(range, than: call) else {
      return Explanation.Hole(range: range, maker: .neverMapped, call: nil)
    }
    return Explanation.Hole(range: range, maker: call.isTrim ? .trim : .call, call: call)
  }

  /// The wide gaps below the stack and above the heap are no call's work, even if one ate into
  /// their edge.
  private func isMostlyOlder(_ hole: AddressRange, than call: RecordedCall) -> Bool {
    hole.length >= 1 << 30 && call.range.length < hole.length / 1024
  }

  /// The kernel puts a mapping of whole huge pages on a huge page border, below what would fit;
  /// up to 6.12 any mapping of that size.
  private func isAligned(
    _ mapping: RecordedCall, at hole: AddressRange, _ profile: KernelProfile
  ) -> Bool {
    let hugePage: UInt64 = 2 << 20
    let isWhole = mapping.range.length % hugePage == 0
    if profile.version < KernelVersion(6, 7) { return false }
    if !isWhole && profile.version >= KernelVersion(6, 13) { return false }
    return mapping.flags.contains(.anonymous) && !mapping.flags.contains(.fixed)
      && mapping.range.length >= hugePage && mapping.range.start.rawValue % hugePage == 0
      && mapping.range.end == hole.start && hole.length < hugePage
  }
}

extension EdgeOrigins {
  /// The call that set what `cause` is about.
  fileprivate func setter(of cause: VMABoundary.Cause) -> CallID {
    switch cause {
    case .special, .shared, .file, .offset, .closeHook, .heap, .userfaultfd: mapping
    case .prot: access
    case .flags: flags
    case .policy: policy
    case .name: name
    case .anonVMA: write
    case .notTried: mapping
    }
  }
}
