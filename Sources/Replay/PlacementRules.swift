import AddressSpaces
import SyscallABI

/// What a call asked the kernel for, as far as the place of its mapping depends on it.
struct PlacementRules {
  private var alignedFiles: [FileID: Bool] = [:]
  /// Sizes of the segments whose shmget was seen, by identifier.
  private var segmentSizes: [Int32: UInt64] = [:]

  /// The request of a call that succeeded; nil for calls that choose no address, and a nil request
  /// for those whose rules are not known.
  mutating func request<Index: VMAIndex & ~Copyable>(
    for event: SyscallEvent, _ space: borrowing AddressSpace<Index>, _ files: FileTable,
    _ paths: PathTable
  ) -> (Placement.Kind, PlacementRequest?)? {
    switch event.call {
    case .mmap(let addr, let length, _, let flags, _, let file, let offset):
      if flags.contains(.fixed) || flags.contains(.fixedNoReplace) { return nil }
      let kind: Placement.Kind = addr.roundedDownToPage == .zero ? .mmap : .hint
      if flags.contains(.hugeTLB) || flags.contains(.bits32) { return (kind, nil) }
      var request = PlacementRequest(length: length, hint: addr)
      if !flags.contains(.anonymous) {
        request.backing = isAligned(file, paths) ? .alignedFile : .otherFile
        request.offset = offset
      } else if flags.isShared {
        request.backing = .sharedMemory
      }
      return (kind, request)
    case .mremap(let oldAddress, _, let newSize, let flags, _):
      if Address(event.result.value) == oldAddress || flags.contains(.fixed) { return nil }
      if flags.contains(.dontUnmap) { return (.mremap, nil) }
      guard let vma = space.vmaContaining(oldAddress) else { return nil }
      var request = PlacementRequest(length: newSize)
      if let entry = files[vma.file] {
        let pages = (oldAddress &- vma.range.start) >> Page.shift
        request.backing = isAligned(entry.name, paths) ? .alignedFile : .otherFile
        request.offset = (vma.pageOffset &+ pages).rawValue << Page.shift
      }
      return (.mremap, request)
    case .shmat(let shmid, let addr, _):
      if addr != .zero { return nil }
      guard let size = segmentSizes[shmid] else { return (.shmat, nil) }
      return (.shmat, PlacementRequest(length: size, backing: .sharedMemory))
    default: return nil
    }
  }

  /// Keeps the size of a segment.
  mutating func note(_ event: SyscallEvent) {
    guard case .shmget(let size, _) = event.call, event.result.succeeded,
      let shmid = Int32(exactly: event.result.value)
    else { return }
    segmentSizes[shmid] = size
  }

  /// Whether the file system of this file aligns mappings for huge pages: those on disks do.
  private mutating func isAligned(_ file: FileID, _ paths: PathTable) -> Bool {
    if let known = alignedFiles[file] { return known }
    let isAligned = paths.isOnDisk(file)
    alignedFiles[file] = isAligned
    return isAligned
  }
}

extension PathTable {
  /// Whether a file lies on a disk, as far as its path tells; /tmp and what is mounted elsewhere is
  /// taken to.
  func isOnDisk(_ file: FileID) -> Bool {
    let text = text(of: file)
    let others = ["/dev/", "/proc/", "/sys/", "/memfd:", "/SYSV", "/anon_hugepage", "/run/"]
    return text.hasPrefix("/") && !others.contains { text.hasPrefix($0) }
  }
}

extension SyscallEvent.Call {
  /// The kernel may choose an address for it.
  var mayChooseAddress: Bool {
    switch self {
    case .mmap(_, _, _, let flags, _, _, _):
      !flags.contains(.fixed) && !flags.contains(.fixedNoReplace)
    case .mremap(_, _, _, let flags, _): !flags.contains(.fixed)
    default: false
    }
  }
}
