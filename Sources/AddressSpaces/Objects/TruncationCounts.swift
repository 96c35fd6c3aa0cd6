/// How far truncations of a file have come with each of its VMAs: a VMA whose count is that of its
/// file need not be looked at again.
///
/// All counts stay 0 until a file is truncated while it is mapped.
///
/// Linux: `truncate_count` of `struct address_space` and `vm_truncate_count` (until 2.6.39).
struct TruncationCounts {
  private var files: [FileDescriptionID: UInt32] = [:]
  /// By slot; those that are not 0.
  private var vmas: [UInt32: UInt32] = [:]

  subscript(handle: VMA.Handle) -> UInt32 {
    get { vmas[handle.slot] ?? 0 }
    set { vmas[handle.slot] = newValue == 0 ? nil : newValue }
  }

  func count(of file: FileDescriptionID) -> UInt32 { files[file] ?? 0 }

  /// A VMA is new to its file.
  ///
  /// Linux: `vma_link`.
  mutating func adopt(_ file: FileDescriptionID, by handle: VMA.Handle) {
    if !files.isEmpty { self[handle] = count(of: file) }
  }

  mutating func forget(_ handle: VMA.Handle) {
    if !vmas.isEmpty { self[handle] = 0 }
  }

  /// The one that takes over pages has to be looked at again if the two did not stand alike.
  ///
  /// Linux: `vma_adjust`, which sets the importer's to 0.
  mutating func adjust(importer: VMA.Handle, _ vma: VMA.Handle, _ next: VMA.Handle) {
    if !vmas.isEmpty && self[vma] != self[next] { self[importer] = 0 }
  }

  /// The other half of a split is where the first is.
  mutating func split(_ vma: VMA.Handle, off new: VMA.Handle) {
    if !vmas.isEmpty || !files.isEmpty { self[new] = self[vma] }
  }

  /// Pages moved to a VMA that stands further than where they come from.
  ///
  /// Linux: `move_ptes`.
  mutating func move(from source: VMA.Handle, to target: VMA.Handle) {
    if !vmas.isEmpty && self[target] != self[source] { self[target] = 0 }
  }

  /// A file was cut off: its VMAs in `handles` have lost their pages.
  ///
  /// Multiples of the page size are passed over: they stand for an address where to go on.
  ///
  /// Linux: `unmap_mapping_range`.
  mutating func truncate(_ file: FileDescriptionID, _ handles: [VMA.Handle]) {
    var count = count(of: file) &+ 1
    if count & 0xfff == 0 { count &+= 1 }
    files[file] = count
    for handle in handles { self[handle] = count }
  }
}
