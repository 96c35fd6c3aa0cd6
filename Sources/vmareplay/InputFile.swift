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
          let count = try unsafe chunk.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
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
