/// What VMAs share: the files that they map and the anon_vmas of what was written, each with its
/// VMAs. Empty unless somebody asks for it.
struct ObjectTable {
  /// An object, with as many references as VMAs; it goes with the last one.
  private var files: [FileDescriptionID: PageIntervalTree] = [:]
  private var anonVMAs: [AnonVMA: Set<UInt32>] = [:]
  private(set) var isOn: Bool
  private(set) var references = ObjectReferences()

  init(isOn: Bool) { self.isOn = isOn }

  /// Builds that check everything keep objects on every index.
  static var isAlwaysOn: Bool {
    #if CHECKED
      true
    #else
      false
    #endif
  }

  /// Linux: `__vma_link_file` (`vma_prio_tree_insert`, `get_file`).
  mutating func linkFile(
    _ file: FileDescriptionID, _ handle: VMA.Handle, _ pages: ClosedRange<UInt64>
  ) {
    if file == .none { return }
    references.filesTaken += 1
    files[file, default: PageIntervalTree()].insert(handle, pages)
  }

  /// Linux: `__remove_shared_vm_struct` (`vma_prio_tree_remove`), `fput`.
  mutating func unlinkFile(
    _ file: FileDescriptionID, _ handle: VMA.Handle, _ pages: ClosedRange<UInt64>
  ) {
    if file == .none { return }
    references.filesDropped += 1
    files[file, default: PageIntervalTree()].remove(handle, pages)
    if files[file]?.count == 0 { files[file] = nil }
  }

  /// Linux: `anon_vma_link`.
  mutating func link(_ anonVMA: AnonVMA, _ handle: VMA.Handle) {
    if anonVMA.isNone { return }
    references.anonVMAsTaken += 1
    let isNew = anonVMAs[anonVMA, default: []].insert(handle.slot).inserted
    precondition(isNew, "a VMA is twice in the list of its anon_vma")
  }

  /// Linux: `anon_vma_unlink`; in `vma_adjust`, `__anon_vma_merge`.
  mutating func unlink(_ anonVMA: AnonVMA, _ handle: VMA.Handle) {
    if anonVMA.isNone { return }
    references.anonVMAsDropped += 1
    let was = anonVMAs[anonVMA]?.remove(handle.slot)
    precondition(was != nil, "an anon_vma does not know a VMA of its")
    if anonVMAs[anonVMA]?.isEmpty == true { anonVMAs[anonVMA] = nil }
  }

  /// The files that are mapped, by number.
  var mappedFiles: [FileDescriptionID] { files.keys.sorted { $0.rawValue < $1.rawValue } }

  /// The anon_vmas that are in use, by number.
  var usedAnonVMAs: [AnonVMA] { anonVMAs.keys.sorted { $0.rawValue < $1.rawValue } }

  func handles(
    mapping pages: ClosedRange<UInt64>, of file: FileDescriptionID
  ) -> [VMA.Handle] {
    var found: [VMA.Handle] = []
    files[file]?.forEach(mapping: pages) { found.append($0) }
    return found
  }

  func count(of anonVMA: AnonVMA) -> Int { anonVMAs[anonVMA]?.count ?? 0 }

  func contains(_ handle: VMA.Handle, in anonVMA: AnonVMA) -> Bool {
    anonVMAs[anonVMA]?.contains(handle.slot) ?? false
  }

  func handles(of anonVMA: AnonVMA) -> [VMA.Handle] {
    (anonVMAs[anonVMA] ?? []).sorted().map { VMA.Handle(slot: $0) }
  }

  var isEmpty: Bool { files.isEmpty && anonVMAs.isEmpty }
}

/// How often VMAs took and dropped what they share, since they are counted.
public struct ObjectReferences: Hashable, Sendable, BitwiseCopyable {
  public internal(set) var filesTaken: UInt64 = 0
  public internal(set) var filesDropped: UInt64 = 0
  public internal(set) var anonVMAsTaken: UInt64 = 0
  public internal(set) var anonVMAsDropped: UInt64 = 0

  /// Nothing is held, as it has to be once all VMAs are gone.
  public var isBalanced: Bool {
    filesTaken == filesDropped && anonVMAsTaken == anonVMAsDropped
  }
}
