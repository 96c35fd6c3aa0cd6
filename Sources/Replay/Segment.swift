public import AddressSpaces
public import SyscallABI

/// What a VMA is to its process.
public enum Segment: String, CaseIterable, Sendable {
  case text
  /// Constants of the program, and what the loader made read-only.
  case rodata
  case data
  case bss
  case heap
  case stack
  case libraryText = "library text"
  case libraryRodata = "library rodata"
  case libraryData = "library data"
  case libraryBss = "library bss"
  case mappedFile = "mapped file"
  case sharedMemory = "shared memory"
  case anonymous
  /// What the kernel itself maps: vdso, vvar.
  case kernel = "vdso"

  /// The name in JSON.
  public var key: String { rawValue.split(separator: " ").joined(separator: "_") }
}

extension MapImage {
  /// The segment that each line belongs to, in the order of `lines`.
  ///
  /// The program is the file in which its code starts; libraries are the other files with code, and
  /// those named like one. Anonymous memory right above the data of either is its .bss.
  ///
  /// - Complexity: O(*n*).
  public func segments(_ paths: PathTable) -> [Segment] {
    let program = programFile
    var libraries: Set<FileID> = []
    for line in lines {
      guard case .file(let id) = line.name, id != program else { continue }
      if line.flags.contains(.exec) || paths.text(of: id).contains(".so") { libraries.insert(id) }
    }
    var segments: [Segment] = []
    segments.reserveCapacity(lines.count)
    for (position, line) in lines.enumerated() {
      let below = position > 0 ? lines[position - 1] : nil
      let touches = below?.range.end == line.range.start
      segments.append(
        segment(of: line, program, libraries, paths, below: touches ? segments.last : nil))
    }
    return segments
  }

  private var programFile: FileID? {
    for line in lines {
      guard case .file(let id) = line.name else { continue }
      if startCode == .zero ? id == process.program : line.range.contains(startCode) { return id }
    }
    return nil
  }

  private func segment(
    of line: Line, _ program: FileID?, _ libraries: Set<FileID>, _ paths: PathTable,
    below: Segment?
  ) -> Segment {
    let flags = line.flags
    switch line.name {
    case .heap: return .heap
    case .stack: return .stack
    case .none:
      if flags.contains(.growsDown) { return .stack }
      if flags.contains(.mayShare) { return .sharedMemory }
      switch below {
      case .data: return .bss
      case .libraryData: return .libraryBss
      default: return .anonymous
      }
    case .file(let id):
      if id == program {
        if flags.contains(.exec) { return .text }
        return flags.contains(.write) ? .data : .rodata
      }
      let name = paths.text(of: id)
      if name.hasPrefix("[") { return name.hasPrefix("[anon") ? .anonymous : .kernel }
      let shared = ["/dev/zero", "/SYSV", "/memfd:", "/dev/shm/"]
      if flags.contains(.mayShare) && shared.contains(where: { name.hasPrefix($0) }) {
        return .sharedMemory
      }
      guard libraries.contains(id), !flags.contains(.mayShare) else { return .mappedFile }
      if flags.contains(.exec) { return .libraryText }
      return flags.contains(.write) ? .libraryData : .libraryRodata
    }
  }
}

/// How many VMAs and bytes each segment has.
public struct SegmentCounts: Sendable {
  public struct Count: Hashable, Sendable {
    public var vmas: UInt64 = 0
    public var bytes: UInt64 = 0
  }

  private var counts: [Segment: Count] = [:]

  public init() {}

  public subscript(segment: Segment) -> Count { counts[segment] ?? Count() }

  mutating func add(_ range: AddressRange, to segment: Segment) {
    counts[segment, default: Count()].vmas += 1
    counts[segment, default: Count()].bytes += range.length
  }

  public mutating func add(_ other: SegmentCounts) {
    for (segment, count) in other.counts {
      counts[segment, default: Count()].vmas += count.vmas
      counts[segment, default: Count()].bytes += count.bytes
    }
  }
}

/// Counts the segments of each process at its end.
public struct SegmentObserver: ReplayObserver {
  public private(set) var processes: [(pid: PID, counts: SegmentCounts)] = []
  /// All together.
  public private(set) var total = SegmentCounts()
  private let paths: PathTable

  /// So many processes are kept by themselves; of the others only the total knows.
  static var processLimit: Int { 4096 }

  public init(paths: PathTable) { self.paths = paths }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    let image = MapImage(of: space, process: process, files: files)
    var counts = SegmentCounts()
    for (line, segment) in zip(image.lines, image.segments(paths)) {
      counts.add(line.range, to: segment)
    }
    total.add(counts)
    if processes.count < Self.processLimit { processes.append((process.pid, counts)) }
  }
}
