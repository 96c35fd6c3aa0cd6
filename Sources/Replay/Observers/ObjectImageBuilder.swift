import AddressSpaces
import SyscallABI

/// Makes an `ObjectImage` of the address spaces that it is shown, one after the other.
struct ObjectImageBuilder {
  /// What makes two descriptions one file.
  private struct Identity: Hashable {
    var name: FileID
    var inode: UInt64 = 0
    var description = FileDescriptionID.none
  }

  private let files: FileTable
  private let paths: PathTable
  private let scope: ObjectImage.Scope
  private var shared = SharedObjects()
  private var spaces: [ObjectImage.Space] = []
  private var lines: [[Address: MapImage.Line]] = []
  private var programs: [SharedFile?] = []
  private var origins: [UInt32: Int] = [:]
  private var numbers: [Identity: SharedFile] = [:]
  private var known: [FileDescriptionID: SharedFile] = [:]
  private var names: [FileID] = []
  private var references = ObjectReferences()

  init(_ scope: ObjectImage.Scope, files: FileTable, paths: PathTable) {
    self.scope = scope
    self.files = files
    self.paths = paths
  }

  /// - Parameter views: the processes that use the address space, at least one.
  mutating func add<Index: VMAIndex & ~Copyable>(
    _ space: borrowing AddressSpace<Index>, _ lineage: AnonVMALineage, _ views: [ProcessView]
  ) {
    origins[lineage.space] = spaces.count
    let counts = !space.profile.follows(.noExecutableFlag)
    spaces.append(
      ObjectImage.Space(processes: views, exeFileVMAs: counts ? space.exeFileVMAs : nil))
    var byStart: [Address: MapImage.Line] = [:]
    for line in MapImage(of: space, process: views[0], files: files).lines {
      byStart[line.range.start] = line
    }
    lines.append(byStart)
    space.forEachVMA { vma in
      if vma.file != .none && known[vma.file] == nil { known[vma.file] = number(vma.file) }
    }
    let table = known
    shared.add(space, lineage) { table[$0]! }
    programs.append(known[space.exeFile])
    references.add(space.objectReferences)
  }

  mutating func addReferences(_ more: ObjectReferences) { references.add(more) }

  /// Files of one path are one file, through whichever open. Of those whose names say nothing, each
  /// is one by itself, unless their inodes are known; a SysV segment's is its number.
  private mutating func number(_ id: FileDescriptionID) -> SharedFile {
    let entry = files[id]
    var identity = Identity(name: entry?.name ?? .none)
    switch SnapshotName(paths.bytes(of: identity.name)) {
    case .sysV: identity.inode = entry?.segment.map { UInt64(UInt32($0)) } ?? entry?.inode ?? 0
    case .nameless, .none:
      identity.inode = entry?.inode ?? 0
      if identity.inode == 0 { identity.description = id }
    default: break
    }
    if let file = numbers[identity] { return file }
    let file = SharedFile(UInt32(names.count))
    numbers[identity] = file
    names.append(identity.name)
    return file
  }

  var image: ObjectImage {
    var image = ObjectImage(scope: scope)
    image.spaces = spaces
    image.references = references
    image.shared = shared
    let anonVMAs = shared.anonVMAs
    let places = Dictionary(uniqueKeysWithValues: zip(anonVMAs, anonVMAs.indices))
    func user(_ user: SharedObjects.User) -> ObjectImage.User {
      ObjectImage.User(
        space: user.space, pages: user.pages, line: lines[user.space][user.vma.range.start]!,
        anonVMA: user.anonVMA.flatMap { places[$0] })
    }
    image.files = names.indices.map { position in
      let file = SharedFile(UInt32(position))
      return ObjectImage.File(
        name: names[position], programOf: programs.indices.filter { programs[$0] == file },
        users: shared.users(mapping: 0...UInt64.max, of: file).map(user),
        nonLinearUsers: shared.nonLinearUsers(of: file).map(user))
    }
    image.anonVMAs = anonVMAs.map {
      ObjectImage.AnonVMAObject(origin: origins[$0.space], users: shared.users(of: $0).map(user))
    }
    return image
  }
}
