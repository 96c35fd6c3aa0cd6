internal import SyscallABI

/// A file, whichever open file description it was mapped through; numbered by the caller.
public struct SharedFile: Hashable, Comparable, Sendable, BitwiseCopyable {
  public var rawValue: UInt32

  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  public static func < (a: SharedFile, b: SharedFile) -> Bool { a.rawValue < b.rawValue }
}

/// Who maps which page of a file, and who shares an anon_vma, over several address spaces at one
/// moment.
///
/// It is built when it is asked for, from the VMAs that there are; nothing keeps it up to date.
///
/// Linux: `i_mmap` and `i_mmap_nonlinear` of `struct address_space`, the list of `struct anon_vma`.
public struct SharedObjects: Sendable {
  /// A VMA that uses an object.
  public struct User: Sendable {
    /// The address space, in the order in which they were added, from 0.
    public var space: Int
    public var vma: VMA
    /// The anon_vma of its own; nil if it was not written.
    public var anonVMA: SharedAnonVMA?

    /// The pages of the file that it maps, one after the other; a nonlinear VMA may show any.
    public var pages: ClosedRange<UInt64> {
      let first = vma.pageOffset.rawValue
      let (last, wraps) = first.addingReportingOverflow(vma.range.lengthInPages - 1)
      return first...(wraps ? UInt64.max : last)
    }
  }

  private struct File: Sendable {
    var tree = PageIntervalTree()
    var nonLinear: [Int] = []
  }

  private var users: [User] = []
  private var fileObjects: [SharedFile: File] = [:]
  private var anonObjects: [SharedAnonVMA: [Int]] = [:]
  private var spaceCount = 0

  public init() {}

  /// Adds the VMAs of one more address space.
  ///
  /// - Parameter file: which file stands behind a description.
  /// - Complexity: O(*n* log *m*) for *m* users that there are then.
  public mutating func add<Index: VMAIndex & ~Copyable>(
    _ space: borrowing AddressSpace<Index>, _ lineage: AnonVMALineage,
    file: (FileDescriptionID) -> SharedFile
  ) {
    space.forEachVMA { vma in
      if vma.file == .none && vma.anonVMA.isNone { return }
      let user = users.count
      let lists = lineage.lists(of: vma.anonVMA)
      users.append(User(space: spaceCount, vma: vma, anonVMA: lists.first))
      for list in lists { anonObjects[list, default: []].append(user) }
      if vma.file == .none { return }
      let object = file(vma.file)
      if vma.flags.contains(.nonLinear) {
        fileObjects[object, default: File()].nonLinear.append(user)
      } else {
        fileObjects[object, default: File()].tree.insert(
          VMA.Handle(slot: UInt32(user)), users[user].pages)
      }
    }
    spaceCount += 1
  }

  /// The files that are mapped, by number.
  public var files: [SharedFile] { fileObjects.keys.sorted() }

  /// The anon_vmas that have VMAs, the oldest address space first.
  public var anonVMAs: [SharedAnonVMA] { anonObjects.keys.sorted() }

  /// The VMAs that map a page of `pages` of this file, in the order of their first pages.
  ///
  /// - Complexity: O(log *n* + *k*), expected, for *k* VMAs of a file that *n* VMAs map.
  ///
  /// Linux: `vma_prio_tree_foreach`.
  public func users(mapping pages: ClosedRange<UInt64>, of file: SharedFile) -> [User] {
    var found: [User] = []
    fileObjects[file]?.tree.forEach(mapping: pages) { found.append(users[Int($0.slot)]) }
    return found
  }

  /// The VMAs that may show any page of this file.
  public func nonLinearUsers(of file: SharedFile) -> [User] {
    fileObjects[file]?.nonLinear.map { users[$0] } ?? []
  }

  /// The VMAs on the list of this anon_vma, by address space and address.
  public func users(of anonVMA: SharedAnonVMA) -> [User] {
    anonObjects[anonVMA]?.map { users[$0] } ?? []
  }
}
