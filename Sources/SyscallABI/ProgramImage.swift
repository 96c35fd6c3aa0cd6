/// A file of a program as execve maps it: its VMAs at the addresses for which it was linked.
public struct LoadableFile: Hashable, Sendable {
  /// One VMA.
  public struct Piece: Hashable, Sendable {
    /// Whole pages, as linked.
    public var range: AddressRange
    /// read, write, exec.
    public var permissions: VMAFlags
    /// In bytes; means nothing for anonymous memory.
    public var offset: UInt64
    /// The rest of .bss behind the last page of the file.
    public var isAnonymous: Bool

    public init(
      range: AddressRange, permissions: VMAFlags, offset: UInt64, isAnonymous: Bool = false
    ) {
      self.range = range
      self.permissions = permissions
      self.offset = offset
      self.isAnonymous = isAnonymous
    }
  }

  /// The path that `/proc/PID/maps` shows.
  public var name: FileID
  /// In address order; not empty.
  public var pieces: [Piece]
  /// Whole pages, as linked, that the loader makes read-only once it has relocated them; nil if
  /// there are none.
  public var relro: AddressRange?
  /// From start_code to end_code and from start_data to end_data, to the byte, as linked.
  public var code = AddressRange(.zero, .zero)
  public var data = AddressRange(.zero, .zero)
  /// It can only be mapped where it was linked for.
  public var isFixed: Bool

  public init(name: FileID, pieces: [Piece], relro: AddressRange?, isFixed: Bool) {
    self.name = name
    self.pieces = pieces
    self.relro = relro
    self.isFixed = isFixed
  }

  /// From the first piece to the last.
  public var extent: AddressRange { AddressRange(pieces[0].range.start, pieces.last!.range.end) }
}

/// The files that execve maps.
public struct ProgramImage: Hashable, Sendable {
  public var executable: LoadableFile
  /// The dynamic linker; nil for a static program, or where it was not found.
  public var interpreter: LoadableFile?
  /// The program names an interpreter, found or not.
  public var isDynamic: Bool

  public init(executable: LoadableFile, interpreter: LoadableFile?, isDynamic: Bool) {
    self.executable = executable
    self.interpreter = interpreter
    self.isDynamic = isDynamic
  }
}
