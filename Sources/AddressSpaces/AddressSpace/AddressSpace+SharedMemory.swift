public import SyscallABI
public import SystemPackage

extension AddressSpace where Index: ~Copyable {
  /// Attaches a SysV shared memory segment at the address that the call returned.
  ///
  /// - Parameters:
  ///   - length: the size of the segment in bytes; rounded up to pages.
  ///   - segment: an id of its own for each attach: the kernel opens the segment anew every time.
  ///   - replaces: SHM_REMAP.
  /// - Returns: the bytes of live VMAs that were in the way without SHM_REMAP.
  /// - Throws: `invalidArgument` (also for live VMAs in the way), `noMemory`, `notPermitted`, as
  ///   mmap.
  ///
  /// Linux: `do_shmat`.
  @discardableResult
  public mutating func shmat(
    at address: Address, length: UInt64, segment: FileDescriptionID, readOnly: Bool = false,
    exec: Bool = false, replaces: Bool = false, leniently: Bool = false
  ) throws(Errno) -> UInt64 {
    guard address.isPageAligned, let size = Page.align(length), size > 0,
      address &+ size > address
    else { throw .invalidArgument }
    if !leniently {
      if !replaces && isMapped(anyOf: AddressRange(address, address &+ size)) {
        throw .invalidArgument
      }
      if mapCount > limits.maxMapCount { throw .noMemory }
    }
    var prot: Protection = readOnly ? .read : .read | .write
    if exec { prot = prot | .exec }
    var attributes = newAttributes(
      at: address, prot: prot, flags: .shared, file: segment, fileIsWritable: !readOnly,
      offset: 0)
    attributes.hasCloseHook = true
    noteSegment(segment, size)
    return try mmapRegion(
      AddressRange(address, address &+ size), attributes.flags, self.attributes.intern(attributes),
      replaces: replaces, populates: false, leniently: leniently)
  }

  /// Detaches the segment that was attached at `address`: all pieces of that attach that are still
  /// where they were.
  ///
  /// - Throws: `invalidArgument` if there is none.
  ///
  /// Linux: `ksys_shmdt`.
  public mutating func shmdt(_ address: Address) throws(Errno) {
    guard let first = attachedPiece(address) else { throw .invalidArgument }
    // All pieces of one attach that did not move have the same constant.
    let wanted = attributes(of: first)
    // Pieces that mremap made to reach past the segment are not looked for.
    let size = segmentSizes[wanted.file] ?? .max
    var entry = first
    while !entry.isNone && (entry.handle == first.handle || entry.end &- address <= size) {
      let next = index.next(entry)
      let present = attributes(of: entry)
      let isPiece =
        present.hasCloseHook && present.file == wanted.file && present.linear == wanted.linear
      // A sealed piece stays, and the call succeeds all the same.
      if isPiece && !present.flags.contains(.sealed) {
        freeings &+= 1
        vmaRemove(entry)
        noteHole(entry.range)
      }
      entry = next
    }
    finish(around: address)
  }

  /// Keeps the size of a segment; those of segments without a VMA go when they are the most.
  private mutating func noteSegment(_ segment: FileDescriptionID, _ size: UInt64) {
    segmentSizes[segment] = size
    guard segmentSizes.count > max(64, 2 * mapCount) else { return }
    var attached: Set<FileDescriptionID> = [segment]
    forEachVMA { if $0.hasCloseHook { attached.insert($0.file) } }
    segmentSizes = segmentSizes.filter { attached.contains($0.key) }
  }

  /// The error with which shmdt would fail; nil if it would succeed.
  public borrowing func predictShmdt(_ address: Address) -> Errno? {
    attachedPiece(address) == nil ? .invalidArgument : nil
  }

  private borrowing func attachedPiece(_ address: Address) -> VMAEntry? {
    guard address.isPageAligned else { return nil }
    let constant = MergeAttributes.linear(offset: PageOffset(0), at: address)
    var entry = index.search(address)
    while !entry.isNone {
      let attributes = attributes(of: entry)
      if attributes.hasCloseHook && attributes.linear == constant { return entry }
      entry = index.next(entry)
    }
    return nil
  }
}
