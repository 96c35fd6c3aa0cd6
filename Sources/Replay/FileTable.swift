public import AddressSpaces
public import SyscallABI

/// What stands behind the VMAs of a replay that are not anonymous.
///
/// A log without open and close tells open file descriptions apart by their paths and numbers only;
/// what has no path of its own (shared anonymous memory, SysV segments) gets a description per
/// mapping.
public struct FileTable {
  public struct Entry: Sendable {
    /// The text of the last column of maps; its deleted mark belongs to it.
    public var name: FileID
    public var deviceMajor: UInt32
    public var deviceMinor: UInt32
    public var inode: UInt64
    /// The SysV segment, as the log numbers it; nil for any other file.
    public var segment: Int32?
  }

  private struct Identity: Hashable {
    var name: FileID
    var deviceMajor: UInt32
    var deviceMinor: UInt32
    var inode: UInt64
  }

  /// A path that was open under a number.
  private struct OpenFile: Hashable {
    var name: FileID
    var number: Int32

    static let never = OpenFile(name: .none, number: .min)

    /// Where it is among the recent ones.
    var place: Int { Int(name.rawValue &* 7 &+ UInt32(bitPattern: number)) & 63 }
  }

  private var entries: [Entry?] = [nil]
  private var free: [UInt32] = []
  private var byPath: [FileID: FileDescriptionID] = [:]
  private var byNumber: [OpenFile: FileDescriptionID] = [:]
  /// The last of them that were asked for, each where its name and number say: a library is mapped
  /// in pieces, and programs map the same few.
  private var recent = [(file: OpenFile, id: FileDescriptionID)](
    repeating: (.never, .none), count: 64)
  /// Descriptions of `byPath` that a number stands for.
  private var numbered: Set<FileDescriptionID> = []
  /// Descriptions of opens that the log shows.
  private var byOpen: [UInt64: FileDescriptionID] = [:]
  private var byInode: [Identity: FileDescriptionID] = [:]
  /// The number of entries at which it is worth looking for dead ones.
  private var sweepAt = 4096

  public init() {}

  /// The description for a path that a log names. Without a path there is one for all.
  ///
  /// Two numbers for one path are two opens of it, since programs rarely dup what they map; the
  /// first number is also what a snapshot shows.
  ///
  /// - Parameter number: the file descriptor that was mapped.
  mutating func description(forPath name: FileID, number: Int32) -> FileDescriptionID {
    let file = OpenFile(name: name, number: number)
    let place = file.place
    if recent[place].file == file { return recent[place].id }
    let id = firstDescription(of: file)
    if name != .none { recent[place] = (file, id) }
    return id
  }

  private mutating func firstDescription(of file: OpenFile) -> FileDescriptionID {
    let name = file.name
    if name != .none, let id = byNumber[file] { return id }
    guard let known = byPath[name] else {
      let id = add(Entry(name: name, deviceMajor: 0, deviceMinor: 0, inode: 0))
      byPath[name] = id
      byNumber[file] = id
      numbered.insert(id)
      return id
    }
    var id = known
    if name != .none, !numbered.insert(known).inserted, let entry = entries[Int(known.rawValue)] {
      id = add(entry)
    }
    byNumber[file] = id
    return id
  }

  /// The description for an open that the log shows.
  mutating func description(forOpen open: UInt64, path name: FileID) -> FileDescriptionID {
    if let id = byOpen[open] { return id }
    // Device and inode may be known from a snapshot.
    let known = name == .none ? nil : byPath[name].flatMap { entries[Int($0.rawValue)] }
    let id = add(known ?? Entry(name: name, deviceMajor: 0, deviceMinor: 0, inode: 0))
    byOpen[open] = id
    return id
  }

  /// The description for a named line of a snapshot, with its device and inode.
  ///
  /// Files that have a path are the same as the ones that calls name by that path; names that many
  /// objects share (`/dev/zero (deleted)`, memfds) are told apart by their inode.
  mutating func description(for line: MapsEntry, isShareable: Bool) -> FileDescriptionID {
    let identity = Identity(
      name: line.name, deviceMajor: line.deviceMajor, deviceMinor: line.deviceMinor,
      inode: line.inode)
    if let id = byInode[identity] { return id }
    let entry = Entry(
      name: line.name, deviceMajor: line.deviceMajor, deviceMinor: line.deviceMinor,
      inode: line.inode)
    if isShareable, let id = byPath[line.name] {
      if entries[Int(id.rawValue)]?.inode == 0 {
        entries[Int(id.rawValue)] = entry
        byInode[identity] = id
      }
      return id
    }
    let id = add(entry)
    byInode[identity] = id
    if isShareable { byPath[line.name] = id }
    return id
  }

  /// A description that no other mapping has.
  mutating func uniqueDescription(name: FileID, segment: Int32? = nil) -> FileDescriptionID {
    add(Entry(name: name, deviceMajor: 0, deviceMinor: 0, inode: 0, segment: segment))
  }

  /// What is known of a description; nil for anonymous memory.
  public subscript(id: FileDescriptionID) -> Entry? {
    entries.indices.contains(Int(id.rawValue)) ? entries[Int(id.rawValue)] : nil
  }

  /// Whether so many entries have come since the last sweep that dead ones should be dropped.
  var needsSweep: Bool { entries.count - free.count > sweepAt }

  /// Drops every entry that `isLive` does not know, so that the table does not grow with the log.
  mutating func sweep(isLive: (FileDescriptionID) -> Bool) {
    for slot in 1..<entries.count where entries[slot] != nil {
      if !isLive(FileDescriptionID(UInt32(slot))) {
        entries[slot] = nil
        free.append(UInt32(slot))
      }
    }
    byPath = byPath.filter { entries[Int($0.value.rawValue)] != nil }
    byNumber = byNumber.filter { entries[Int($0.value.rawValue)] != nil }
    numbered = numbered.filter { entries[Int($0.rawValue)] != nil }
    for place in recent.indices { recent[place] = (.never, .none) }
    byOpen = byOpen.filter { entries[Int($0.value.rawValue)] != nil }
    byInode = byInode.filter { entries[Int($0.value.rawValue)] != nil }
    sweepAt = max(4096, (entries.count - free.count) * 2)
  }

  private mutating func add(_ entry: Entry) -> FileDescriptionID {
    if let slot = free.popLast() {
      entries[Int(slot)] = entry
      return FileDescriptionID(slot)
    }
    entries.append(entry)
    return FileDescriptionID(UInt32(entries.count - 1))
  }
}
