import SystemPackage
import TraceReading

/// Standard input or a pipe, kept in a file without a name so that it can be read again.
struct KeptInput {
  private let descriptor: FileDescriptor

  /// What to open instead.
  var path: String { "/proc/self/fd/\(descriptor.rawValue)" }

  /// Reads it to its end; nil for a file, or a path that cannot be opened, which whoever reads it
  /// will report.
  ///
  /// - Parameter role: what it is, for a message.
  init?(of path: String, role: String) throws {
    let source: FileDescriptor
    if path == "-" {
      source = .standardInput
    } else {
      guard let opened = try? FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
      else { return nil }
      source = opened
    }
    defer { if path != "-" { try? source.close() } }
    // Only a file can be positioned.
    if path != "-", (try? source.seek(offset: 0, from: .end)) != nil { return nil }
    let folder = Platform.temporaryFolder
    do {
      // O_TMPFILE: the file has no name and is gone when it is closed.
      let temporary = FileDescriptor.OpenOptions(rawValue: 0o20200000)
      descriptor = try FileDescriptor.open(
        FilePath(folder), .readWrite, options: [temporary, .closeOnExec],
        permissions: .ownerReadWrite)
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = try source.fill(&chunk)
        if count == 0 { return }
        _ = try descriptor.writeAll(chunk[..<count])
      }
    } catch let error as Errno {
      Diagnostics.error(
        "cannot keep \(role) in \(folder), where this command has to read it more than once: "
          + "\(error); set TMPDIR, or give a file")
      throw ExitStatus.ioError.code
    }
  }

  /// Gives the file back.
  func close() { try? descriptor.close() }
}
