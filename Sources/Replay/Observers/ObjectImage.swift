public import AddressSpaces
public import SyscallABI

/// What the VMAs of a process share at one moment: files, by the pages that are mapped, and
/// anon_vmas.
public struct ObjectImage: Sendable {
  /// An open file description.
  public struct File: Sendable {
    public var name: FileID
    /// The program itself is in it (its VMAs have VM_EXECUTABLE in 2.6).
    public var isProgram: Bool
    /// In the order of their first pages.
    public var users: [FileUser]
  }

  public struct FileUser: Sendable {
    /// Of the file.
    public var pages: ClosedRange<UInt64>
    public var line: MapImage.Line
  }

  public struct AnonVMAObject: Sendable {
    public var id: AnonVMA
    /// In address order.
    public var lines: [MapImage.Line]
  }

  public var process: ProcessView
  public var files: [File] = []
  public var anonVMAs: [AnonVMAObject] = []
  public var references: ObjectReferences

  /// Takes the picture of an address space that keeps objects.
  ///
  /// - Complexity: O(*n* log *n*).
  public init<Index: VMAIndex & ~Copyable>(
    of space: borrowing AddressSpace<Index>, process: ProcessView, files table: FileTable
  ) {
    self.process = process
    references = space.objectReferences
    let map = MapImage(of: space, process: process, files: table)
    var lines: [Address: MapImage.Line] = [:]
    for line in map.lines { lines[line.range.start] = line }
    let program = space.vmaContaining(space.layout.startCode)?.file ?? .none
    for file in space.mappedFiles {
      let users = space.vmas(mapping: 0...UInt64.max, of: file).map { vma in
        let first = vma.pageOffset.rawValue
        let (last, wraps) = first.addingReportingOverflow(vma.range.lengthInPages - 1)
        return FileUser(
          pages: first...(wraps ? UInt64.max : last), line: lines[vma.range.start]!)
      }
      self.files.append(
        File(name: table[file]?.name ?? .none, isProgram: file == program, users: users))
    }
    anonVMAs = space.anonVMAs.map { id in
      AnonVMAObject(id: id, lines: space.vmas(of: id).map { lines[$0.range.start]! })
    }
  }
}

/// Takes the picture of what VMAs share, just before the end of a process.
public struct ObjectObserver: ReplayObserver {
  public static var keepsObjects: Bool { true }

  public private(set) var images: [ObjectImage] = []
  private let selection: MapObserver.Selection

  public init(_ selection: MapObserver.Selection) { self.selection = selection }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    guard selection.includes(process) else { return }
    images.append(ObjectImage(of: space, process: process, files: files))
  }
}
