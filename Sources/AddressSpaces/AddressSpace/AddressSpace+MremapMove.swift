import SyscallABI
import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// Copies a range to its target, then removes the source.
  ///
  /// Linux: `move_vma`, `copy_vma`.
  mutating func moveVMA(_ request: RemapRequest, leniently: Bool) throws(Errno) {
    let target = request.targetRange
    if isTraced {
      path.enter(.moveVMA, target)
      noteMapCount(limits.maxMapCount - 4)
    }
    defer { if isTraced { path.leave() } }
    if !leniently && mapCount >= limits.maxMapCount - 3 { throw .noMemory }
    if isMapped(anyOf: target) { try doMunmap(target, leniently: true) }
    let from = index.search(request.address)
    let record = slab[from.handle]
    let isLocked = attributes[record.attributes].flags.contains(.locked)
    let copy = copyVMA(from, record, request)
    if keepsObjects { objects.truncations.move(from: from.handle, to: copy.handle) }
    if request.flags.contains(.dontUnmap) {
      leaveSource(request)
    } else if request.oldSize > 0 {
      let source = AddressRange(request.address, request.address &+ request.oldSize)
      try doMunmap(source, leniently: true)
      noteHole(source)
    }
    if isLocked && request.newSize > request.oldSize {
      populate(
        AddressRange(target.start &+ request.oldSize, target.end), ignoringErrors: true)
    }
  }

  private mutating func copyVMA(
    _ from: VMAEntry, _ record: VMARecord, _ request: RemapRequest
  ) -> VMAEntry {
    if isTraced { path.enter(.copyVMA, request.targetRange) }
    defer { if isTraced { path.leave() } }
    var copied = attributes[record.attributes]
    if copied.isAnonymous && record.anonVMA.isNone {
      // Never written: it may as well have been created at the target.
      copied.linear = 0
    } else {
      let offset = copied.pageOffset(at: request.address)
      copied.linear = MergeAttributes.linear(offset: offset, at: request.target)
    }
    let id = attributes.intern(copied)
    let around = index.findPrepare(request.target)
    let merged = vmaMergeNew(
      request.targetRange, id, anonVMA: record.anonVMA,
      copiedFromForkChild: record.anonVMA.isForkChild, between: around)
    if let merged {
      attributes.release(id)
      return merged
    }
    return vmaLink(request.targetRange, id, record.anonVMA, between: around)
  }

  /// The emptied source stays mapped: it is no longer locked (the whole VMA), and if all of it was
  /// moved, it is as if never written.
  ///
  /// Linux: `dontunmap_complete`.
  private mutating func leaveSource(_ request: RemapRequest) {
    let entry = index.search(request.address)
    var left = attributes(of: entry)
    if !left.flags.isDisjoint(with: [.locked, .lockOnFault]) {
      left.flags.subtract([.locked, .lockOnFault])
      let id = attributes.intern(left)
      setAttributes(entry, id)
    }
    let end = request.address &+ request.oldSize
    if entry.start == request.address && entry.end == end {
      setAnonVMA(entry, .none)
    }
  }
}
