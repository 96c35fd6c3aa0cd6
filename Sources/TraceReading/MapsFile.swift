public import SyscallABI

/// The text of `/proc/PID/maps` or `/proc/PID/smaps`.
public enum MapsFile {
  /// Reads all of `bytes`; lines of smaps that say nothing of the address space are passed over.
  ///
  /// - Parameters:
  ///   - bytes: the file's contents.
  ///   - paths: where the names are interned.
  ///   - path: the file's name, for messages.
  /// - Throws: `.notATrace` with the number of the first line that is none of such a file.
  /// - Complexity: O(bytes).
  public static func parse(
    _ bytes: [UInt8], paths: PathTable, path: String = "maps"
  ) throws(TraceError) -> [MapsEntry] {
    try parse(MemorySource(bytes), paths: paths, path: path)
  }

  /// Reads a file, `-` for standard input.
  ///
  /// - Throws: as `parse`; `.missing` or `.unreadable` if there is nothing to read.
  public static func read(
    _ path: String, paths: PathTable
  ) throws(TraceError) -> [MapsEntry] {
    try parse(try FileSource(path: path), paths: paths, path: path)
  }

  private static func parse(
    _ source: any ByteSource, paths: PathTable, path: String
  ) throws(TraceError) -> [MapsEntry] {
    var lines = LineReader(source)
    var parser = MapsParser(paths: paths)
    while let line = try lines.next() {
      if !parser.read(line) {
        throw TraceError(
          .notATrace, path: path, line: lines.lineNumber,
          message: "is no line of /proc/PID/maps or smaps: '\(line.rest.prefix(60).text)'")
      }
    }
    return parser.entries
  }
}

/// Reads the lines of a map one by one.
struct MapsParser {
  let paths: PathTable
  var entries: [MapsEntry] = []

  init(paths: PathTable) { self.paths = paths }

  /// Reads one line; false if it is none of such a file.
  mutating func read(_ line: ByteCursor) -> Bool {
    if line.isAtEnd { return true }
    if let entry = header(line) {
      entries.append(entry)
      return true
    }
    return detail(line)
  }

  /// `7f0012345000-7f0012346000 rw-p 00001000 08:01 123   /usr/lib/libc.so.6`
  private func header(_ line: ByteCursor) -> MapsEntry? {
    var cursor = line
    guard let start = cursor.hexadecimal(), cursor.take(UInt8(ascii: "-")),
      let end = cursor.hexadecimal(), start <= end, cursor.take(UInt8(ascii: " ")),
      let permissions = permissions(&cursor), cursor.take(UInt8(ascii: " ")),
      let offset = cursor.hexadecimal(), cursor.take(UInt8(ascii: " ")),
      let major = cursor.hexadecimal(), major < 1 << 32, cursor.take(UInt8(ascii: ":")),
      let minor = cursor.hexadecimal(), minor < 1 << 32, cursor.take(UInt8(ascii: " ")),
      let inode = cursor.decimal()
    else { return nil }
    cursor.skipBlanks()
    return MapsEntry(
      range: AddressRange(Address(start), Address(end)), permissions: permissions,
      offset: offset, deviceMajor: UInt32(major), deviceMinor: UInt32(minor), inode: inode,
      name: name(cursor.rest))
  }

  private func permissions(_ cursor: inout ByteCursor) -> VMAFlags? {
    var flags = VMAFlags()
    let letters: [(UInt8, VMAFlags)] = [
      (UInt8(ascii: "r"), .read), (UInt8(ascii: "w"), .write), (UInt8(ascii: "x"), .exec),
      (UInt8(ascii: "s"), .mayShare),
    ]
    for (letter, flag) in letters {
      if cursor.take(letter) {
        flags.insert(flag)
      } else if !cursor.take(flag == .mayShare ? UInt8(ascii: "p") : UInt8(ascii: "-")) {
        return nil
      }
    }
    return flags
  }

  /// Names are escaped in octal where they hold a newline or a backslash.
  private func name(_ text: ByteSlice) -> FileID {
    if text.count == 0 { return .none }
    let isDeleted = text.hasSuffix(" (deleted)")
    var bytes: [UInt8] = []
    Escapes.undoOctal(isDeleted ? text.prefix(text.count - 10) : text, into: &bytes)
    return paths.intern(bytes, isDeleted: isDeleted)
  }

  /// A line of smaps below a header: `Anonymous:  12 kB`, `VmFlags: rd wr mr`.
  private mutating func detail(_ line: ByteCursor) -> Bool {
    var cursor = line
    while ArgumentReader.isNameByte(cursor.byte) { cursor.advance() }
    guard cursor.distance(from: line) > 0, !entries.isEmpty else { return false }
    let key = line.slice(to: cursor)
    guard cursor.take(UInt8(ascii: ":")) else { return false }
    cursor.skipBlanks()
    switch key.text {
    case "Anonymous":
      guard let size = cursor.decimal() else { return false }
      entries[entries.count - 1].anonymousKiB = size
    case "VmFlags":
      entries[entries.count - 1].vmFlags = Self.flags(cursor)
    default: break
    }
    return true
  }

  /// Two-letter codes; those of newer kernels that have no meaning here are passed over.
  private static func flags(_ start: ByteCursor) -> VMAFlags {
    var cursor = start
    var flags = VMAFlags()
    let codes = VMAFlags.smapsCodes
    while !cursor.isAtEnd {
      for (code, flag) in codes where cursor.starts(with: code) {
        flags.insert(flag)
        break
      }
      cursor.advance(2)
      cursor.skipBlanks()
    }
    return flags
  }
}
