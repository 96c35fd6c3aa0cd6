public import AddressSpaces
public import SyscallABI

/// What VMAs share at one moment, in one process or in all that live: files, by the pages that are
/// mapped, and anon_vmas.
public struct ObjectImage: Sendable {
  /// Whose VMAs are shown.
  public enum Scope: Sendable {
    case process
    /// Those of every process that lives at the moment.
    case all
  }

  /// An address space, with the processes that use it.
  public struct Space: Sendable {
    public var processes: [ProcessView]
    /// `num_exe_file_vmas`; nil for a kernel that does not count.
    public var exeFileVMAs: UInt64?
  }

  /// A file, whichever opens it was mapped through.
  public struct File: Sendable {
    public var name: FileID
    /// The address spaces whose program it is.
    public var programOf: [Int]
    /// In the order of their first pages.
    public var users: [User]
    /// Those that may show any page.
    public var nonLinearUsers: [User]
  }

  public struct User: Sendable {
    /// Which of `spaces`.
    public var space: Int
    /// Of the file.
    public var pages: ClosedRange<UInt64>
    public var line: MapImage.Line
    /// Which of `anonVMAs` is its own; nil if it was not written.
    public var anonVMA: Int?
  }

  public struct AnonVMAObject: Sendable {
    /// The address space in which it arose; nil if that is gone or not shown.
    public var origin: Int?
    /// By address space and address.
    public var users: [User]
  }

  public var scope: Scope
  public var spaces: [Space] = []
  public var files: [File] = []
  public var anonVMAs: [AnonVMAObject] = []
  /// What all of `spaces`, and with `Scope.all` those that are gone, took and dropped.
  public var references = ObjectReferences()
  var shared = SharedObjects()

  /// The VMAs that show page `page` of a file, nonlinear ones, which may, last.
  ///
  /// - Parameter file: which of `files`.
  /// - Complexity: O(log *n* + *k*), expected, for *k* VMAs of a file that *n* VMAs map.
  public func users(ofPage page: UInt64, of file: Int) -> [User] {
    let found = shared.users(mapping: page...page, of: SharedFile(UInt32(file)))
    let byStart = Dictionary(
      files[file].users.map { (Place(space: $0.space, start: $0.line.range.start), $0) },
      uniquingKeysWith: { first, _ in first })
    return found.compactMap { byStart[Place(space: $0.space, start: $0.vma.range.start)] }
      + files[file].nonLinearUsers
  }

  private struct Place: Hashable {
    var space: Int
    var start: Address
  }
}

/// Takes the picture of what VMAs share: of each process that is selected just before it ends, or
/// of all that live.
public struct ObjectObserver: ReplayObserver {
  public static var keepsObjects: Bool { true }

  /// With no selection one picture of all, else one for each process.
  public private(set) var images: [ObjectImage] = []
  private let selection: MapObserver.Selection?
  private var isLogOver = false

  /// - Parameter selection: nil for all processes that live when the log ends; if none does, for
  ///   those that live just before the first one ends.
  public init(_ selection: MapObserver.Selection?) { self.selection = selection }

  public func objectScope(before end: ProcessView) -> ObjectImage.Scope? {
    if let selection { return selection.includes(end) ? .process : nil }
    if end.hasEnded { return end.ordinal == 0 ? .all : nil }
    return isLogOver ? nil : .all
  }

  public mutating func willEnd(_ process: ProcessView, objects: ObjectImage) {
    if selection == nil {
      images = [objects]
      isLogOver = !process.hasEnded
    } else {
      images.append(objects)
    }
  }
}
