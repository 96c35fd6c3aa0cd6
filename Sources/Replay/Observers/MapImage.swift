public import AddressSpaces
public import SyscallABI

/// The address space of a process at one moment, as `/proc/PID/maps` shows it.
public struct MapImage: Sendable {
  public struct Line: Hashable, Sendable {
    public var range: AddressRange
    public var flags: VMAFlags
    /// The offset column, in bytes.
    public var offset: UInt64
    public var deviceMajor: UInt32 = 0
    public var deviceMinor: UInt32 = 0
    public var inode: UInt64 = 0
    public var name: Name
    /// A page of it is taken to be written (it has an anon_vma).
    public var isWritten: Bool
  }

  public enum Name: Hashable, Sendable {
    case none
    case heap
    case stack
    /// A path or a name that the kernel gave (`[vdso]`).
    case file(FileID)
  }

  public var process: ProcessView
  public var lines: [Line] = []
  /// Where the code of the program starts; zero if the log does not say it.
  public var startCode: Address

  /// Takes the picture.
  ///
  /// - Complexity: O(*n*).
  public init<Index: VMAIndex & ~Copyable>(
    of space: borrowing AddressSpace<Index>, process: ProcessView, files: FileTable
  ) {
    self.process = process
    startCode = space.layout.startCode
    lines.reserveCapacity(space.mapCount)
    space.forEachVMA { vma in
      var line = Line(
        range: vma.range, flags: vma.flags, offset: vma.shownOffset, name: .none,
        isWritten: !vma.anonVMA.isNone)
      if let file = files[vma.file] {
        line.name = .file(file.name)
        line.deviceMajor = file.deviceMajor
        line.deviceMinor = file.deviceMinor
        line.inode = file.inode
      } else if space.isHeap(vma) {
        line.name = .heap
      } else if space.isStack(vma) {
        line.name = .stack
      }
      lines.append(line)
    }
  }
}

/// Takes a picture of one process, or of every process, just before its end.
public struct MapObserver: ReplayObserver {
  /// Which processes to take.
  public enum Selection: Sendable {
    /// The first process of the log.
    case first
    case pid(PID)
    case all

    func includes(_ process: ProcessView) -> Bool {
      switch self {
      case .first: process.ordinal == 0
      case .pid(let pid): process.pid == pid
      case .all: true
      }
    }
  }

  public private(set) var images: [MapImage] = []
  private let selection: Selection

  public init(_ selection: Selection) { self.selection = selection }

  /// Hands over the pictures taken so far.
  public mutating func takeImages() -> [MapImage] {
    defer { images.removeAll() }
    return images
  }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    guard selection.includes(process) else { return }
    images.append(MapImage(of: space, process: process, files: files))
  }
}
