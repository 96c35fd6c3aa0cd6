import AddressSpaces
import SyscallABI

// Logs that begin in the middle of a program, or at an execve without the map that it made: a call
// that succeeds on memory that nobody has mapped shows that something was mapped there.

extension ReplayEngine where Index: ~Copyable {
  /// Maps what a successful call shows to have been mapped, unless the map at the beginning is
  /// known: then the call and the model disagree.
  mutating func imply(_ operation: MapOperation, process: Int) {
    guard !processes[process].knowsStart, let range = operation.impliedRange else { return }
    if case .mprotect(_, _, let prot, _) = operation {
      place(byProtecting: range, prot, process: process)
    }
    imply(range, process: process)
  }

  /// Maps what a call shows to have been mapped.
  mutating func imply(_ range: AddressRange, process: Int) {
    let id = processes[process].space
    if spaces.modify(id, { $0.isMapped(allOf: range) }) { return }
    for hole in spaces.read(id, { $0.holes(in: range) }) {
      spaces.modify(id) { space in
        try? space.install(
          hole, flags: [.read, .write, .mayRead, .mayWrite, .mayExec, .account],
          written: options.faults.writesInitialMemory && !options.faultsAreListed)
      }
      processes[process].implied.append(ImpliedRange(range: hole, isPlaced: false))
      readImplied(hole, process: process)
    }
  }

  /// For what the log leaves open, it is memory of which nothing is known but that it is there.
  mutating func readImplied(_ range: AddressRange, process: Int) {
    guard Observer.readsCertainty else { return }
    let id = processes[process].space
    spaces.read(id) { space in certainty[id.slot].resync(range, with: space) }
  }

  /// Of implied memory, what a call unmaps or replaces is implied no longer.
  mutating func forgetImplied(_ range: AddressRange?, process: Int) {
    guard let range else { return }
    var position = 0
    while position < processes[process].implied.count {
      let implied = processes[process].implied[position]
      guard implied.range.overlaps(range) else {
        position += 1
        continue
      }
      switch (implied.range.start < range.start, range.end < implied.range.end) {
      case (false, false): processes[process].implied.remove(at: position)
      case (true, false): processes[process].implied[position].range.end = range.start
      case (false, true): processes[process].implied[position].range.start = range.end
      case (true, true):
        processes[process].implied[position].range.end = range.start
        var upper = implied
        upper.range.start = range.end
        processes[process].implied.insert(upper, at: position + 1)
      }
    }
  }
}

extension MapOperation {
  /// The memory that must have been mapped for the call to succeed.
  fileprivate var impliedRange: AddressRange? {
    switch self {
    case .mprotect(let addr, let length, let prot, _):
      prot.contains(.growsDown) ? nil : AddressRange(pages: addr, length)
    case .madvise(let addr, let length, _), .mlock(let addr, let length, _),
      .munlock(let addr, let length), .mseal(let addr, let length):
      AddressRange(pages: addr, length)
    case .mbind(let addr, let length, let policy):
      policy == .default ? nil : AddressRange(pages: addr, length)
    case .mremap(let addr, let oldSize, _, _, _, _): AddressRange(pages: addr, oldSize)
    default: nil
    }
  }

  /// What is no longer what it was before, if the call succeeds.
  var replacedRange: AddressRange? {
    switch self {
    case .munmap(let addr, let length): AddressRange(pages: addr, length)
    case .mmap(let range, _, _, _, _, _): AddressRange(pages: range.start, range.length)
    case .mremap(let addr, let oldSize, _, let flags, _, let result):
      result == addr || flags.contains(.dontUnmap) ? nil : AddressRange(pages: addr, oldSize)
    default: nil
    }
  }
}

extension AddressRange {
  /// The pages that a call means; nil for none, or for a range that is none.
  init?(pages addr: Address, _ length: UInt64) {
    let start = addr.roundedDownToPage
    guard length > 0, let size = Page.align(length &+ (addr &- start)),
      start.rawValue < taskSize.rawValue, size <= taskSize &- start
    else { return nil }
    self.init(start, start &+ size)
  }
}
