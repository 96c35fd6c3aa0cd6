public import AddressSpaces
public import SyscallABI

/// A decoded trace in memory, to be replayed again and again.
public struct BenchTrace {
  public let batches: [TraceBatch]
  public let options: ReplayOptions
  public let paths: PathTable
  /// The completed calls.
  public let eventCount: Int
  /// The addresses that completed calls name, in their order.
  public let addresses: [Address]

  public init(batches: [TraceBatch], options: ReplayOptions, paths: PathTable) {
    self.batches = batches
    self.options = options
    self.paths = paths
    var addresses: [Address] = []
    var count = 0
    for batch in batches {
      for case .completed(let event) in batch.items {
        count += 1
        if let address = event.lookedUpAddress { addresses.append(address) }
      }
    }
    self.addresses = addresses
    eventCount = count
  }

  /// The same for the same calls, however the log is compressed.
  public var digest: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for number in addresses.map(\.rawValue) + [UInt64(eventCount)] {
      hash = (hash ^ number) &* 0x100_0000_01b3
      hash ^= hash >> 29
    }
    return hash
  }

  /// Replays everything.
  public func replay<Index: VMAIndex & ~Copyable>(on index: Index.Type) -> ProcessSummary {
    replay(on: index, observer: NoObserver()).total
  }

  /// The VMAs of the process that had the most of them, when it had them.
  public func peakLayout() -> BenchLayout {
    let index = MmapCache<BPlusTreeIndex>.self
    let peak = replay(on: index, observer: PeakLayoutTaker()).observer
    var taker = PeakLayoutTaker()
    taker.wanted = peak.peakCall
    return BenchLayout(ranges: replay(on: index, observer: taker).observer.ranges)
  }

  private func replay<Index: VMAIndex & ~Copyable, Observer: ReplayObserver>(
    on index: Index.Type, observer: Observer
  ) -> (total: ProcessSummary, observer: Observer) {
    var engine = ReplayEngine<Index, Observer>(
      options: options, paths: paths, observer: observer)
    for batch in batches { _ = engine.apply(batch) }
    engine.finish()
    return (engine.total, engine.observer)
  }
}

/// Finds the call after which there are the most VMAs, and takes them down when told which it is.
private struct PeakLayoutTaker: ReplayObserver {
  var wanted: Int?
  var ranges: [AddressRange] = []
  private(set) var peakCall = 0
  private var peak = 0
  private var calls = 0

  mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    calls += 1
    if space.mapCount > peak {
      peak = space.mapCount
      peakCall = calls
    }
    if calls == wanted { space.forEachVMA { ranges.append($0.range) } }
  }
}

extension SyscallEvent {
  /// Where the kernel looks first for this call; nil for calls that look for no VMA.
  var lookedUpAddress: Address? {
    guard result.outcome == .returned else { return nil }
    return switch call {
    case .mmap, .brk, .shmat: Address(result.value)
    case .munmap(let addr, _), .mprotect(let addr, _, _, _), .madvise(let addr, _, _),
      .mlock(let addr, _, _), .munlock(let addr, _), .mseal(let addr, _),
      .mbind(let addr, _, _, _, _), .shmdt(let addr), .setVMAName(let addr, _, _),
      .remapFilePages(let addr, _, _, _, _):
      addr
    case .mremap(let oldAddress, _, _, _, _): oldAddress
    case .processMadvise, .mlockall, .munlockall, .shmget, .clone, .clone3, .fork, .execve,
      .exit, .setLimit:
      nil
    }
  }
}
