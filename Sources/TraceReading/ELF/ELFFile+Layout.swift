import SyscallABI

extension ELFFile {
  /// The VMAs that execve makes of the file, at the addresses for which it was linked.
  ///
  /// ```
  /// file    |.text     |.data  |
  /// memory  |.text     |.data  .bss           |
  /// VMAs    r-x        rw- file   rw- anonymous
  /// ```
  ///
  /// - Throws: if the segments are no memory of a process.
  ///
  /// Linux: `elf_map`, `elf_load`, `vm_brk_flags`, `total_mapping_size`.
  func layout(name: FileID) throws(ELFError) -> LoadableFile {
    var pieces: [LoadableFile.Piece] = []
    for header in headers where header.type == Header.load && header.memorySize > 0 {
      let (end, overflows) = header.address.addingReportingOverflow(header.memorySize)
      guard !overflows, end <= 1 << 47, header.fileSize <= header.memorySize,
        header.offset & Page.mask == header.address & Page.mask || header.fileSize == 0
      else { throw ELFError("has a segment that no process can have") }
      let start = Address(header.address).roundedDownToPage
      let memoryEnd = Address(end).roundedUpToPage
      var fileEnd = Address(header.address &+ header.fileSize).roundedUpToPage
      if header.fileSize == 0 { fileEnd = start }
      if let last = pieces.last, start < last.range.end {
        throw ELFError("has segments that overlap or are not in order")
      }
      if fileEnd > start {
        let offset = header.offset &- (Address(header.address) &- start)
        pieces.join(
          LoadableFile.Piece(
            range: AddressRange(start, fileEnd), permissions: header.permissions, offset: offset))
      }
      if memoryEnd > fileEnd {
        var permissions: VMAFlags = [.read, .write]
        if header.permissions.contains(.exec) { permissions.insert(.exec) }
        pieces.join(
          LoadableFile.Piece(
            range: AddressRange(fileEnd, memoryEnd), permissions: permissions, offset: 0,
            isAnonymous: true))
      }
    }
    guard !pieces.isEmpty else { throw ELFError("has nothing to load") }
    var file = LoadableFile(
      name: name, pieces: pieces, relro: relro, isFixed: !isPositionIndependent)
    let loaded = headers.filter { $0.type == Header.load }
    file.code = Self.hull(of: loaded.filter { $0.permissions.contains(.exec) }, from: { $0.min() })
    file.data = Self.hull(of: loaded, from: { $0.max() })
    return file
  }

  /// To the highest end of the parts that are in the file.
  private static func hull(
    of headers: [Header], from start: ([UInt64]) -> UInt64?
  ) -> AddressRange {
    guard let start = start(headers.map(\.address)) else { return AddressRange(.zero, .zero) }
    let end = headers.map { $0.address + $0.fileSize }.max() ?? start
    return AddressRange(Address(start), Address(max(start, end)))
  }

  /// The pages that a dynamic linker protects: the last one only if all of it is to be.
  private var relro: AddressRange? {
    guard let header = headers.first(where: { $0.type == Header.relro }) else { return nil }
    let (end, overflows) = header.address.addingReportingOverflow(header.memorySize)
    if overflows { return nil }
    let start = Address(header.address).roundedDownToPage
    let lastPage = Address(end).roundedDownToPage
    return start < lastPage ? AddressRange(start, lastPage) : nil
  }
}

extension ELFFile.Header {
  fileprivate var permissions: VMAFlags {
    var permissions: VMAFlags = []
    if flags & 4 != 0 { permissions.insert(.read) }
    if flags & 2 != 0 { permissions.insert(.write) }
    if flags & 1 != 0 { permissions.insert(.exec) }
    return permissions
  }
}

extension [LoadableFile.Piece] {
  /// Appends a piece, which is one VMA with the last one where both are alike.
  fileprivate mutating func join(_ piece: LoadableFile.Piece) {
    if let last, last.range.end == piece.range.start, last.permissions == piece.permissions,
      last.isAnonymous == piece.isAnonymous,
      last.isAnonymous || last.offset &+ last.range.length == piece.offset
    {
      self[count - 1].range.end = piece.range.end
    } else {
      append(piece)
    }
  }
}
