/// How a file is compressed, told by its first bytes, never by its name.
enum Compression: Equatable {
  case none
  case gzip
  /// The name of the program and the command that makes gzip of it.
  case foreign(name: String, command: String)

  /// The number of bytes that tell.
  static let magicLength = 6

  init(firstBytes: [UInt8]) {
    if firstBytes.starts(with: [0x1f, 0x8b]) {
      self = .gzip
    } else if firstBytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
      self = .foreign(name: "zstd", command: "zstd -dc")
    } else if firstBytes.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) {
      self = .foreign(name: "xz", command: "xz -dc")
    } else if firstBytes.starts(with: Array("BZh".utf8)), firstBytes.count > 3,
      (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(firstBytes[3])
    {
      self = .foreign(name: "bzip2", command: "bzip2 -dc")
    } else if firstBytes.starts(with: [0x04, 0x22, 0x4d, 0x18]) {
      self = .foreign(name: "lz4", command: "lz4 -dc")
    } else if firstBytes.starts(with: [0x1f, 0x9d]) {
      self = .foreign(name: "compress", command: "zcat")
    } else {
      self = .none
    }
  }

  /// The decompressed bytes of `source`.
  static func open(_ source: any ByteSource, path: String) throws(TraceError) -> any ByteSource {
    let peeked = try PeekedSource(source, count: magicLength)
    switch Compression(firstBytes: peeked.firstBytes) {
    case .none:
      return peeked
    case .gzip:
      return try GzipSource(peeked, path: path)
    case .foreign(let name, let command):
      throw TraceError(
        .foreignCompression(name), path: path, byteOffset: 0,
        message: "is compressed by \(name), not gzip; "
          + "convert it first: \(command) '\(path)' | gzip > trace.strace.gz")
    }
  }
}
