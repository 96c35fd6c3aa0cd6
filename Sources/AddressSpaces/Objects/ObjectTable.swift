import SyscallABI

/// What VMAs share: the files that they map and the anon_vmas of what was written, each with its
/// VMAs. Empty unless somebody asks for it.
struct ObjectTable {
  /// A file, with as many references as VMAs; it goes with the last one.
  ///
  /// Linux: `struct address_space` as far as VMAs hang on it.
  private struct File {
    /// `i_mmap`.
    var tree = PageIntervalTree()
    /// `i_mmap_nonlinear`: each of them may show any page.
    var nonLinear: [VMA.Handle] = []

    var count: Int { tree.count + nonLinear.count }
  }

  private var files: [FileDescriptionID: File] = [:]
  private var anonVMAs: [AnonVMA: Set<UInt32>] = [:]
  /// The borders of the VMAs, by slot.
  private var ranges: [UInt32: AddressRange] = [:]
  var truncations = TruncationCounts()
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

  /// Where a VMA hangs on its file.
  struct Place {
    var file: FileDescriptionID
    var pages: ClosedRange<UInt64>
    /// On the list, not in the tree.
    var isNonLinear: Bool
  }

  func range(of handle: VMA.Handle) -> AddressRange {
    guard let range = ranges[handle.slot] else {
      preconditionFailure("a VMA is not among the objects")
    }
    return range
  }

  /// - Parameter range: nil for a VMA that goes.
  mutating func setRange(of handle: VMA.Handle, _ range: AddressRange?) {
    ranges[handle.slot] = range
  }

  /// Linux: `__vma_link_file`, `get_file`.
  mutating func linkFile(_ handle: VMA.Handle, _ place: Place) {
    if place.file == .none { return }
    references.filesTaken += 1
    truncations.adopt(place.file, by: handle)
    enter(handle, place)
  }

  /// Linux: `__remove_shared_vm_struct`, `fput`.
  mutating func unlinkFile(_ handle: VMA.Handle, _ place: Place) {
    if place.file == .none { return }
    references.filesDropped += 1
    truncations.forget(handle)
    leave(handle, place)
    if files[place.file]?.count == 0 { files[place.file] = nil }
  }

  /// Puts a VMA where others find it; it has its reference already.
  ///
  /// Linux: `vma_prio_tree_insert`, `vma_nonlinear_insert`.
  mutating func enter(_ handle: VMA.Handle, _ place: Place) {
    if place.file == .none { return }
    if place.isNonLinear {
      files[place.file, default: File()].nonLinear.append(handle)
    } else {
      files[place.file, default: File()].tree.insert(handle, place.pages)
    }
  }

  /// Linux: `vma_prio_tree_remove`.
  mutating func leave(_ handle: VMA.Handle, _ place: Place) {
    if place.file == .none { return }
    if place.isNonLinear {
      let position = files[place.file]?.nonLinear.firstIndex(of: handle)
      precondition(position != nil, "a file does not know a nonlinear VMA of its")
      files[place.file]?.nonLinear.remove(at: position!)
    } else {
      files[place.file, default: File()].tree.remove(handle, place.pages)
    }
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

  /// A child has references of its own to what its parent had.
  ///
  /// Linux: `get_file`, `anon_vma_link` in `dup_mmap`.
  mutating func takeInherited() { references = references.held }

  /// The files that are mapped, by number.
  var mappedFiles: [FileDescriptionID] { files.keys.sorted { $0.rawValue < $1.rawValue } }

  /// The anon_vmas that are in use, by number.
  var usedAnonVMAs: [AnonVMA] { anonVMAs.keys.sorted { $0.rawValue < $1.rawValue } }

  func handles(
    mapping pages: ClosedRange<UInt64>, of file: FileDescriptionID
  ) -> [VMA.Handle] {
    var found: [VMA.Handle] = []
    files[file]?.tree.forEach(mapping: pages) { found.append($0) }
    return found
  }

  /// In the order in which they became nonlinear.
  func nonLinearHandles(of file: FileDescriptionID) -> [VMA.Handle] {
    files[file]?.nonLinear ?? []
  }

  func count(of anonVMA: AnonVMA) -> Int { anonVMAs[anonVMA]?.count ?? 0 }

  func contains(_ handle: VMA.Handle, in anonVMA: AnonVMA) -> Bool {
    anonVMAs[anonVMA]?.contains(handle.slot) ?? false
  }

  func handles(of anonVMA: AnonVMA) -> [VMA.Handle] {
    (anonVMAs[anonVMA] ?? []).sorted().map { VMA.Handle(slot: $0) }
  }

  var isEmpty: Bool { files.isEmpty && anonVMAs.isEmpty && ranges.isEmpty }
}
