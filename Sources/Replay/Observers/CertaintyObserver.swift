public import AddressSpaces
import SyscallABI

/// Has the replay read what the log leaves open; the intervals are in the summaries.
public struct CertaintyObserver: ReplayObserver {
  public static var readsCertainty: Bool { true }

  public init() {}
}

/// The address space of a process at one moment, split wherever a VMA may end.
public struct UncertainMapImage: Sendable {
  public struct Line: Sendable {
    /// What `/proc/PID/maps` shows, if the piece is a VMA.
    public var map: MapImage.Line
    /// What is in doubt of the border below it; nil if the border is there in every run.
    public var doubt: Doubt?
  }

  public var process: ProcessView
  public var lines: [Line] = []
  public var mapCountMin: Int
  public var mapCountMax: Int

  init<Index: VMAIndex & ~Copyable>(
    of certain: CertainAddressSpace, _ space: borrowing AddressSpace<Index>,
    process: ProcessView, files: FileTable
  ) {
    self.process = process
    mapCountMin = certain.mapCountMin
    mapCountMax = certain.mapCountMax
    var lines: [Line] = []
    lines.reserveCapacity(certain.mapCountMax)
    certain.forEachPiece { piece in
      var line = MapImage.Line(
        range: piece.range, flags: piece.flags, offset: piece.shownOffset, name: .none,
        isWritten: false)
      if let file = files[piece.file] {
        line.name = .file(file.name)
        line.deviceMajor = file.deviceMajor
        line.deviceMinor = file.deviceMinor
        line.inode = file.inode
      } else if var vma = space.vmaContaining(piece.range.start) {
        vma.range = piece.range
        if space.isHeap(vma) {
          line.name = .heap
        } else if space.isStack(vma) {
          line.name = .stack
        }
      }
      let border = piece.border
      lines.append(Line(map: line, doubt: border.state == .maybe ? border.doubt : nil))
    }
    self.lines = lines
  }
}

/// Takes a picture of what the log leaves open of one process, or of every one, before its end.
public struct UncertainMapObserver: ReplayObserver {
  public static var readsCertainty: Bool { true }

  public private(set) var images: [UncertainMapImage] = []
  private let selection: MapObserver.Selection

  public init(_ selection: MapObserver.Selection) { self.selection = selection }

  public mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, certain: CertainAddressSpace, space: borrowing AddressSpace<Index>,
    files: FileTable
  ) {
    guard selection.includes(process) else { return }
    images.append(UncertainMapImage(of: certain, space, process: process, files: files))
  }
}
