// Unsafe only in that it hands the caller's buffer on to read(2), which stays within its bounds.

import SystemPackage

/// A file or standard input, read as it is.
public final class FileSource: ByteSource {
  private let descriptor: FileDescriptor
  private let isOwned: Bool
  private let path: String
  public private(set) var compressedBytesRead: UInt64 = 0
  public let totalCompressedBytes: UInt64?

  /// - Parameter path: a file's path, or `-` for standard input.
  /// - Throws: `.missing` or `.unreadable`.
  public init(path: String) throws(TraceError) {
    self.path = path
    if path == "-" {
      descriptor = .standardInput
      isOwned = false
      totalCompressedBytes = nil
      return
    }
    do {
      let opened = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
      descriptor = opened
      isOwned = true
      // A pipe cannot be positioned: it has no size.
      if let size = try? opened.seek(offset: 0, from: .end) {
        totalCompressedBytes = UInt64(size)
        _ = try opened.seek(offset: 0, from: .start)
      } else {
        totalCompressedBytes = nil
      }
    } catch {
      throw Self.openError(error, path: path)
    }
  }

  deinit {
    if isOwned { try? descriptor.close() }
  }

  /// The first bytes of a file, at most `count`.
  static func beginning(of path: String, count: Int) throws(TraceError) -> [UInt8] {
    let file = try FileSource(path: path)
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let new: Int
      do {
        new = unsafe try bytes.withUnsafeMutableBytes { all in
          unsafe try file.read(into: UnsafeMutableRawBufferPointer(rebasing: all[filled...]))
        }
      } catch let error as TraceError {
        throw error
      } catch {
        throw TraceError(.unreadable, path: path, message: "cannot be read")
      }
      if new == 0 { break }
      filled += new
    }
    return Array(bytes[..<filled])
  }

  private static func openError(_ error: any Error, path: String) -> TraceError {
    let errno = (error as? Errno) ?? .ioError
    if errno == .noSuchFileOrDirectory || errno == .notDirectory {
      return TraceError(
        .missing, path: path, message: "no such file, and no `strace -ff` files of that prefix")
    }
    return TraceError(.unreadable, path: path, message: "cannot be opened: \(errno)")
  }

  public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TraceError) -> Int {
    do {
      let count = unsafe try descriptor.read(into: buffer)
      compressedBytesRead += UInt64(count)
      return count
    } catch {
      let errno = (error as? Errno) ?? .ioError
      if errno == .isDirectory {
        throw TraceError(.unreadable, path: path, message: "is a folder, not a file")
      }
      throw TraceError(
        .io(errno.rawValue), path: path, byteOffset: compressedBytesRead,
        message: "cannot be read: \(errno)")
    }
  }
}
