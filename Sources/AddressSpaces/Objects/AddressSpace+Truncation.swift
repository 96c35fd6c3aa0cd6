internal import SyscallABI

// vm_truncate_count, beside the VMAs: only where objects are kept.

extension AddressSpace where Index: ~Copyable {
  /// A file that VMAs map was cut off after its first `pages` pages.
  ///
  /// VMAs stay as they are. Only `vm_truncate_count` changes, which no log shows.
  ///
  /// Linux: `vmtruncate`, `unmap_mapping_range` (until 2.6.39).
  public mutating func noteTruncation(of file: FileDescriptionID, to pages: UInt64) {
    guard keepsObjects, profile.countsTruncations else { return }
    let reached = objects.handles(mapping: pages...UInt64.max, of: file)
    objects.truncations.truncate(file, reached + objects.nonLinearHandles(of: file))
  }

  /// How many truncations of its file a VMA has seen to its end (`vm_truncate_count`); 0 unless
  /// objects are kept.
  public borrowing func truncateCount(of vma: VMA) -> UInt32 { objects.truncations[vma.handle] }

  /// How often a file was cut off while it was mapped (`truncate_count`).
  public func truncateCount(of file: FileDescriptionID) -> UInt32 {
    objects.truncations.count(of: file)
  }

  @inline(__always)
  mutating func noteImporter(_ importer: VMAEntry, _ vma: VMAEntry, _ next: VMAEntry) {
    if keepsObjects {
      objects.truncations.adjust(importer: importer.handle, vma.handle, next.handle)
    }
  }
}
