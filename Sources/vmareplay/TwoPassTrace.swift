import SystemPackage

/// A trace that can be read twice: standard input is kept in a file without a name.
struct TwoPassTrace {
  /// What to open for each pass.
  let path: String
  private let descriptor: FileDescriptor?

  init(_ trace: String) throws {
    guard trace == "-" else {
      path = trace
      descriptor = nil
      return
    }
    let file = try Self.spool()
    descriptor = file
    path = "/proc/self/fd/\(file.rawValue)"
  }

  /// Gives the file back.
  func close() { try? descriptor?.close() }

  private static func spool() throws -> FileDescriptor {
    let folder = Platform.temporaryFolder
    do {
      // O_TMPFILE: the file has no name and is gone when it is closed.
      let temporary = FileDescriptor.OpenOptions(rawValue: 0o20200000)
      let file = try FileDescriptor.open(
        FilePath(folder), .readWrite, options: [temporary, .closeOnExec],
        permissions: .ownerReadWrite)
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      while true {
        let count = try FileDescriptor.standardInput.fill(&chunk)
        if count == 0 { return file }
        _ = try file.writeAll(chunk[..<count])
      }
    } catch let error as Errno {
      Diagnostics.error(
        "cannot keep standard input in \(folder), where this command has to read it twice: \(error)"
          + "; set TMPDIR, or give a file")
      throw ExitStatus.ioError.code
    }
  }
}
