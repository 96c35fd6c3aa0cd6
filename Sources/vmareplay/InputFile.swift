// The one unsafe expression lends an array's memory to read(2) for the length of the call.

import SystemPackage
import TraceReading

/// Small files that are read whole.
enum InputFile {
  /// The bytes of a file.
  static func read(_ path: String) throws(TraceError) -> [UInt8] {
    do {
      let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
      return try file.closeAfter {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
          let count = try file.fill(&chunk)
          if count == 0 { return bytes }
          bytes += chunk[..<count]
        }
      }
    } catch let error as Errno where error == .noSuchFileOrDirectory {
      throw TraceError(.missing, path: path, message: "there is no such file")
    } catch {
      throw TraceError(.unreadable, path: path, message: "cannot be read: \(error)")
    }
  }
}

extension FileDescriptor {
  /// Reads what there is, up to the size of the array; 0 at the end.
  func fill(_ chunk: inout [UInt8]) throws -> Int {
    try unsafe chunk.withUnsafeMutableBytes { unsafe try read(into: $0) }
  }
}
