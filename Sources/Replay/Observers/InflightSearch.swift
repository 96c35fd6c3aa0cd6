import AddressSpaces
import SyscallABI

/// Looks for calls in flight that, applied to the model's map, make it the kernel's.
///
/// A call that has not returned is known by its number and its arguments; where it put a mapping
/// is not. The places are taken from what the kernel's map has and the model's has not.
struct InflightSearch {
  let kernel: [MapsEntry]
  let calls: [InflightCall]
  let process: ProcessView
  let matcher: MapMatcher
  var files: FileTable
  /// Maps that may still be tried: calls in flight are few, but a log can claim any number.
  private var budget = 4096

  init(
    kernel: [MapsEntry], calls: [InflightCall], process: ProcessView, matcher: MapMatcher,
    files: FileTable
  ) {
    self.kernel = kernel
    self.calls = calls
    self.process = process
    self.matcher = matcher
    self.files = files
  }

  /// Whether some of the calls, in some order, make `space` the kernel's map.
  mutating func finds<Index: VMAIndex & ~Copyable>(
    _ space: borrowing AddressSpace<Index>
  ) -> Bool {
    finds(space, remaining: Array(calls.indices))
  }

  private mutating func finds<Index: VMAIndex & ~Copyable>(
    _ space: borrowing AddressSpace<Index>, remaining: [Int]
  ) -> Bool {
    for (position, index) in remaining.enumerated() {
      var rest = remaining
      rest.remove(at: position)
      for operation in operations(of: calls[index], in: space) {
        guard budget > 0 else { return false }
        budget -= 1
        var trial = space.copy()
        operation.perform(on: &trial)
        let image = MapImage(of: trial, process: process, files: files)
        if matcher.differences(kernel, image.lines).isEmpty { return true }
        if !rest.isEmpty, finds(trial, remaining: rest) { return true }
      }
    }
    return false
  }

  /// A call with the result that it may have had.
  enum Trial {
    case operation(MapOperation)
    case brk(Address)

    func perform<Index: VMAIndex & ~Copyable>(on space: inout AddressSpace<Index>) {
      switch self {
      case .operation(let operation): operation.perform(on: &space, leniently: false)
      case .brk(let address): space.brk(address)
      }
    }
  }

  /// What a call may have done; empty for one that changes no map.
  private mutating func operations<Index: VMAIndex & ~Copyable>(
    of call: InflightCall, in space: borrowing AddressSpace<Index>
  ) -> [Trial] {
    let a = call.arguments + Array(repeating: 0, count: max(0, 6 - call.arguments.count))
    let address = Address(a[0])
    switch SystemCallNumber(rawValue: call.number) {
    case .mmap: return mmaps(a, in: space)
    case .mprotect: return [.operation(.mprotect(a, pkey: -1))]
    case .pkeyMprotect:
      return [.operation(.mprotect(a, pkey: Int32(truncatingIfNeeded: a[3])))]
    case .munmap: return [.operation(.munmap(addr: address, length: a[1]))]
    case .brk: return [.brk(address)]
    case .mremap: return mremaps(a, in: space)
    case .madvise:
      let advice = Advice(rawValue: UInt32(truncatingIfNeeded: a[2]))
      return [.operation(.madvise(addr: address, length: a[1], advice: advice))]
    case .shmat: return attaches(a, in: space)
    case .shmdt: return [.operation(.shmdt(addr: address))]
    case .mlock, .mlock2:
      let onFault = call.number == SystemCallNumber.mlock2.rawValue && a[2] & 1 != 0
      return [.operation(.mlock(addr: address, length: a[1], onFault: onFault))]
    case .munlock: return [.operation(.munlock(addr: address, length: a[1]))]
    case .mlockall: return [.operation(.mlockall(LockAllFlags(rawValue: a[0])))]
    case .munlockall: return [.operation(.munlockall)]
    case .mseal: return [.operation(.mseal(addr: address, length: a[1]))]
    case .mbind:
      // The nodes are behind a pointer: a policy that no other memory has, or the default.
      let policy = a[2] & 0xff == 0 ? PolicyID.default : PolicyID(.max)
      return [.operation(.mbind(addr: address, length: a[1], policy: policy))]
    case .remapFilePages:
      return [
        .operation(
          .remapFilePages(
            addr: address, size: a[1], prot: Protection(rawValue: a[2]),
            pageOffset: PageOffset(a[3])))
      ]
    case nil: return []
    }
  }

  // MARK: Calls whose place the kernel chose

  private mutating func mmaps<Index: VMAIndex & ~Copyable>(
    _ a: [UInt64], in space: borrowing AddressSpace<Index>
  ) -> [Trial] {
    let flags = MapFlags(rawValue: a[3])
    guard let length = Page.align(a[1]), length > 0 else { return [] }
    var places = [Address(a[0]).roundedDownToPage]
    if !flags.contains(.fixed) { places += self.places(for: length, in: space) }
    return places.compactMap { start in
      guard start.rawValue <= UInt64.max - length else { return nil }
      return .operation(
        .mmap(
          range: AddressRange(start, start &+ length), prot: Protection(rawValue: a[2]),
          flags: flags,
          file: file(at: start, flags, number: Int32(truncatingIfNeeded: a[4])), offset: a[5]))
    }
  }

  private mutating func mremaps<Index: VMAIndex & ~Copyable>(
    _ a: [UInt64], in space: borrowing AddressSpace<Index>
  ) -> [Trial] {
    let flags = RemapFlags(rawValue: a[3])
    guard let size = Page.align(a[2]), size > 0 else { return [] }
    let target = flags.contains(.fixed) ? Address(a[4]) : nil
    var results = [target ?? Address(a[0])]
    if flags.contains(.mayMove) && target == nil { results += places(for: size, in: space) }
    return results.map { result in
      .operation(
        .mremap(
          addr: Address(a[0]), oldSize: a[1], newSize: a[2], flags: flags, newAddress: target,
          result: result))
    }
  }

  private mutating func attaches<Index: VMAIndex & ~Copyable>(
    _ a: [UInt64], in space: borrowing AddressSpace<Index>
  ) -> [Trial] {
    let wanted = Address(a[1]).roundedDownToPage
    let places = wanted == .zero ? self.places(for: Page.size, in: space) : [wanted]
    return places.compactMap { start in
      guard let entry = kernel.first(where: { $0.range.start == start }) else { return nil }
      return .operation(
        .shmat(
          addr: start, length: entry.range.length,
          segment: files.uniqueDescription(name: entry.name),
          flags: AttachFlags(rawValue: a[2])))
    }
  }

  /// Where `length` bytes fit into what only the kernel's map has: at either end of each part.
  private func places<Index: VMAIndex & ~Copyable>(
    for length: UInt64, in space: borrowing AddressSpace<Index>
  ) -> [Address] {
    var places: [Address] = []
    for entry in kernel {
      var free = entry.range.start
      func note(upTo end: Address) {
        guard free < end, end &- free >= length else { return }
        places.append(free)
        if end &- length != free { places.append(end &- length) }
      }
      space.forEachVMA(in: entry.range) { vma in
        note(upTo: vma.range.start)
        free = max(free, vma.range.end)
      }
      note(upTo: entry.range.end)
    }
    return places
  }

  /// What stands behind a mapping: the log may not have named it yet, but the kernel's map does.
  private mutating func file(
    at start: Address, _ flags: MapFlags, number: Int32
  ) -> FileDescriptionID {
    if flags.contains(.anonymous) && !flags.isShared { return .none }
    let name = kernel.first { $0.range.contains(start) }?.name ?? .none
    if flags.contains(.anonymous) { return files.uniqueDescription(name: name) }
    return files.description(forPath: name, number: number)
  }
}

extension MapOperation {
  /// mprotect from its raw arguments.
  fileprivate static func mprotect(_ a: [UInt64], pkey: Int32) -> MapOperation {
    .mprotect(addr: Address(a[0]), length: a[1], prot: Protection(rawValue: a[2]), pkey: pkey)
  }
}
