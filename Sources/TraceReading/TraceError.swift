/// Why a trace could not be read to its end, or at all.
///
/// Lines that cannot be decoded are no errors: they are `TraceItem.malformed`.
public struct TraceError: Error, Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// There is no such file, or a folder has no traces in it.
    case missing
    /// The file is there and cannot be opened or read as a file.
    case unreadable
    /// The compressed data end early or do not fit their checksum.
    case damaged
    /// Compressed by a program other than gzip; the name is the program's.
    case foreignCompression(String)
    /// Text, but no line of it is one of strace.
    case notATrace
    /// Reading failed below: the number of the error.
    case io(Int32)
  }

  public var kind: Kind
  /// The file as it was named; `-` for standard input.
  public var path: String
  /// The number of whole lines read before the error.
  public var line: UInt64?
  /// The position in the file, in (compressed) bytes, up to which all was well.
  public var byteOffset: UInt64?
  /// What is wrong and what can be done, without the position.
  public var message: String

  public init(
    _ kind: Kind, path: String, line: UInt64? = nil, byteOffset: UInt64? = nil, message: String
  ) {
    self.kind = kind
    self.path = path
    self.line = line
    self.byteOffset = byteOffset
    self.message = message
  }
}

extension TraceError: CustomStringConvertible {
  /// `trace.gz:1042: message (at byte 77)`.
  public var description: String {
    var text = path
    if let line { text += ":\(line)" }
    text += ": " + message
    if let byteOffset { text += " (at byte \(byteOffset))" }
    return text
  }
}
