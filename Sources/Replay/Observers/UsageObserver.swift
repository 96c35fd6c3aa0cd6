public import AddressSpaces
public import SyscallABI

/// What a trace asks of memory, in figures that two traces can be compared by.
public struct Usage: Sendable {
  /// The address space that had the most VMAs of all.
  public var largest = ProcessUsage(ordinal: 0, pid: .none)
  /// Bytes that successful calls mapped and unmapped, whole pages.
  public var bytesMapped: UInt64 = 0
  public var bytesUnmapped: UInt64 = 0
  /// Calls whose duration the log tells, and the time they took in nanoseconds, by
  /// `SyscallName.rawValue`.
  public var timedCalls = [UInt64](repeating: 0, count: SyscallName.allCases.count)
  public var nanoseconds = [UInt64](repeating: 0, count: SyscallName.allCases.count)
  /// The first calls, addresses left out, as far as they are kept.
  public var fingerprints: [Fingerprint] = []
}

/// A call as far as it does not depend on where the kernel puts things.
public struct Fingerprint: Sendable, BitwiseCopyable {
  public var line: UInt64
  public var name: SyscallName
  public var hash: UInt64
}

/// What one address space came to.
public struct ProcessUsage: Sendable {
  public var ordinal: Int
  public var pid: PID
  public var mapCountPeak = 0
  public var mapCountAtEnd = 0
  public var pagesPeak: UInt64 = 0
  public var pagesAtEnd: UInt64 = 0
  /// The largest heap, in bytes.
  public var heapPeak: UInt64 = 0
  public var holesAtEnd = 0
  /// In bytes; gaps of a TiB and more, which no mapping makes, are left out.
  public var largestHole: UInt64 = 0
  /// VMAs times microseconds, and the microseconds; for a log without times VMAs times calls, and
  /// the calls.
  private var weighted: UInt64 = 0
  private var weight: UInt64 = 0
  private var lastTime = SyscallEvent.Timestamp.none
  private var lastMapCount = 0

  init(ordinal: Int, pid: PID) {
    self.ordinal = ordinal
    self.pid = pid
  }

  /// VMAs on average over time, in hundredths.
  public var meanMapCountInHundredths: UInt64 {
    weight == 0 ? UInt64(mapCountAtEnd) * 100 : weighted * 100 / weight
  }

  mutating func note<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, _ space: borrowing AddressSpace<Index>
  ) {
    if event.time == .none {
      add(1)
    } else {
      if lastTime != .none && event.time > lastTime {
        add(UInt64(event.time.nanoseconds - lastTime.nanoseconds) / 1000)
      }
      lastTime = max(lastTime, event.time)
    }
    lastMapCount = space.mapCount
    mapCountPeak = max(mapCountPeak, space.mapCount)
    pagesPeak = max(pagesPeak, space.totalVM)
    let heap = space.currentBreak &- space.layout.startBrk
    if space.layout.startBrk != .zero, space.currentBreak > space.layout.startBrk {
      heapPeak = max(heapPeak, heap)
    }
  }

  private mutating func add(_ duration: UInt64) {
    weighted += UInt64(lastMapCount) * duration
    weight += duration
  }

  mutating func end<Index: VMAIndex & ~Copyable>(_ space: borrowing AddressSpace<Index>) {
    mapCountAtEnd = space.mapCount
    mapCountPeak = max(mapCountPeak, space.mapCount)
    pagesAtEnd = space.totalVM
    pagesPeak = max(pagesPeak, space.totalVM)
    var (holes, largest, end) = (0, UInt64(0), Address?.none)
    space.forEachVMA { vma in
      if let end, vma.range.start > end {
        holes += 1
        let length = vma.range.start &- end
        if length < 1 << 40 { largest = max(largest, length) }
      }
      end = vma.range.end
    }
    (holesAtEnd, largestHole) = (holes, largest)
  }
}

/// Adds up what a trace asks of memory.
public struct UsageObserver: ReplayObserver {
  public private(set) var usage = Usage()
  private var processes: [Int: ProcessUsage] = [:]
  private var breaks: [Int: Address] = [:]
  private let pid: PID?
  private let fingerprintLimit: Int

  /// - Parameters:
  ///   - pid: the process to look at; nil for all.
  ///   - fingerprintLimit: how many of the first calls to keep.
  public init(pid: PID? = nil, fingerprintLimit: Int = 65_536) {
    self.pid = pid
    self.fingerprintLimit = fingerprintLimit
  }

  public mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, space: borrowing AddressSpace<Index>
  ) {
    if let pid, process.pid != pid { return }
    let key = process.ordinal
    processes[key, default: ProcessUsage(ordinal: key, pid: process.pid)].note(event, space)
    if event.duration != .none {
      usage.timedCalls[Int(event.name.rawValue)] += 1
      usage.nanoseconds[Int(event.name.rawValue)] += UInt64(max(0, event.duration.nanoseconds))
    }
    if usage.fingerprints.count < fingerprintLimit {
      usage.fingerprints.append(
        Fingerprint(line: event.line, name: event.name, hash: event.placelessHash))
    }
    if event.result.succeeded { countBytes(event, process) }
  }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    if let pid, process.pid != pid { return }
    breaks[process.ordinal] = nil
    var ended =
      processes.removeValue(forKey: process.ordinal)
      ?? ProcessUsage(ordinal: process.ordinal, pid: process.pid)
    ended.end(space)
    if ended.mapCountPeak > usage.largest.mapCountPeak { usage.largest = ended }
  }

  private mutating func countBytes(_ event: SyscallEvent, _ process: ProcessView) {
    switch event.call {
    case .mmap(_, let length, _, _, _, _, _): usage.bytesMapped += Page.align(length) ?? 0
    case .munmap(_, let length): usage.bytesUnmapped += Page.align(length) ?? 0
    case .mremap(_, let oldSize, let newSize, _, _):
      count(from: Page.align(oldSize) ?? 0, to: Page.align(newSize) ?? 0)
    case .brk:
      let new = Address(event.result.value).roundedUpToPage
      if let old = breaks[process.ordinal] { count(from: old.rawValue, to: new.rawValue) }
      breaks[process.ordinal] = new
    case .execve: breaks[process.ordinal] = nil
    default: break
    }
  }

  private mutating func count(from old: UInt64, to new: UInt64) {
    if new > old { usage.bytesMapped += new - old } else { usage.bytesUnmapped += old - new }
  }
}

extension SyscallEvent {
  /// A hash of everything but addresses, times and pids.
  fileprivate var placelessHash: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ value: UInt64) { hash = (hash ^ value) &* 0x0000_0100_0000_01b3 ^ (hash >> 29) }
    mix(UInt64(name.rawValue))
    mix(UInt64(UInt32(bitPattern: result.errno)))
    switch call {
    case .mmap(_, let length, let prot, let flags, _, let file, let offset):
      for value in [length, prot.rawValue, flags.rawValue, UInt64(file.rawValue), offset] {
        mix(value)
      }
    case .mprotect(_, let length, let prot, _):
      mix(length)
      mix(prot.rawValue)
    case .munmap(_, let length), .munlock(_, let length), .mseal(_, let length):
      mix(length)
    case .mremap(_, let oldSize, let newSize, let flags, _):
      for value in [oldSize, newSize, flags.rawValue] { mix(value) }
    case .madvise(_, let length, let advice):
      mix(length)
      mix(UInt64(advice.rawValue))
    case .mlock(_, let length, let flags):
      mix(length)
      mix(flags.rawValue)
    case .mbind(_, let length, let mode, let nodes, _):
      for value in [length, UInt64(mode), nodes] { mix(value) }
    case .setVMAName(_, let size, _): mix(size)
    case .shmget(let size, _): mix(size)
    case .execve(let path): mix(UInt64(path.rawValue))
    case .exit(let status): mix(UInt64(UInt32(bitPattern: status)))
    case .brk, .remapFilePages, .processMadvise, .mlockall, .munlockall, .shmat, .shmdt, .clone,
      .clone3, .fork, .setLimit:
      break
    }
    return hash
  }
}
