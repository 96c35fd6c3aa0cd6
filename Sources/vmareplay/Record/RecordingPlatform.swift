// The recorder's calls into the C library, which takes and gives pointers. With the processes and
// signals beside it, and the deflate stream, the only unsafe expressions of the recorder.

import Glibc
import SystemPackage

enum RecordingPlatform {
  /// A named pipe in a folder of its own.
  static func makePipe(in parent: String) throws(Errno) -> (folder: String, path: String) {
    let folder = try makeFolder(in: parent)
    do {
      try makePipe(at: "\(folder)/log")
    } catch {
      unsafe rmdir(folder)
      throw error
    }
    return (folder, "\(folder)/log")
  }

  /// A new folder that only this user can enter.
  static func makeFolder(in parent: String) throws(Errno) -> String {
    var template = Array("\(parent)/vmareplay-XXXXXX".utf8CString)
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
      guard let base = buffer.baseAddress, let name = unsafe mkdtemp(base) else { return nil }
      return unsafe String(cString: name)
    }
    guard let made else { throw Errno(rawValue: errno) }
    return made
  }

  static func makePipe(at path: String) throws(Errno) {
    guard unsafe mkfifo(path, 0o600) == 0 else { throw Errno(rawValue: errno) }
  }

  /// Removes files, those that are there, and the folder that held them.
  static func remove(_ files: [String], folder: String) {
    for file in files { unsafe unlink(file) }
    unsafe rmdir(folder)
  }

  static func removePipe(_ pipe: (folder: String, path: String)) {
    unsafe unlink(pipe.path)
    unsafe rmdir(pipe.folder)
  }

  /// Makes a pipe hold more, so that strace does not have to wait for the recorder.
  static func enlarge(_ pipe: FileDescriptor, to bytes: Int32) {
    let setPipeSize: Int32 = 1031  // F_SETPIPE_SZ
    _ = fcntl(pipe.rawValue, setPipeSize, bytes)
  }

  /// Reads what is there, without waiting for more.
  ///
  /// - Parameter buffer: its length is the most that is read; its beginning is overwritten.
  /// - Returns: how many bytes; 0 at the end, nil if there is nothing yet.
  static func read(_ file: FileDescriptor, into buffer: inout [UInt8]) throws(Errno) -> Int? {
    let (count, error) = unsafe buffer.withUnsafeMutableBytes { bytes in
      while true {
        let count = unsafe Glibc.read(file.rawValue, bytes.baseAddress, bytes.count)
        if count >= 0 || errno != EINTR { return (count, errno) }
      }
    }
    if count >= 0 { return count }
    if error == EAGAIN { return nil }
    throw Errno(rawValue: error)
  }

  /// Writes all bytes.
  static func write(_ bytes: ArraySlice<UInt8>, to file: FileDescriptor) throws(Errno) {
    var rest = bytes
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.write(file.rawValue, $0.baseAddress, $0.count)
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw Errno(rawValue: errno)
      }
      rest = rest.dropFirst(count)
    }
  }

  /// Hands the content of a file over in pieces.
  static func forEachPiece(
    of path: String, pieceLength: Int = 65_536, _ body: (ArraySlice<UInt8>) -> Void
  ) throws(Errno) {
    let file = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Errno(rawValue: errno) }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: pieceLength)
    while let count = try read(FileDescriptor(rawValue: file), into: &buffer), count > 0 {
      body(buffer[..<count])
    }
  }

  /// The content of a small file as text; nil if it cannot be read.
  static func text(of path: String) -> String? {
    var bytes: [UInt8] = []
    do { try forEachPiece(of: path, pieceLength: 4096) { bytes += $0 } } catch { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The names in a folder; empty if it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  static func isDirectory(_ path: String) -> Bool {
    guard let stream = unsafe opendir(path) else { return false }
    unsafe closedir(stream)
    return true
  }

  static func isExecutable(_ path: String) -> Bool { unsafe access(path, X_OK) == 0 }

  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// All variables, as `NAME=VALUE`.
  static var environmentStrings: [String] {
    var result: [String] = []
    var next = unsafe environ
    while let string = unsafe next.pointee {
      unsafe result.append(String(cString: string))
      unsafe next += 1
    }
    return result
  }

  static var pageSize: Int { sysconf(Int32(_SC_PAGESIZE)) }

  /// Waits until one of the files can be read, or has ended.
  ///
  /// - Parameter milliseconds: how long at most; negative for ever.
  static func wait(for files: [FileDescriptor], milliseconds: Int32) {
    var polled = files.map { pollfd(fd: $0.rawValue, events: Int16(POLLIN), revents: 0) }
    _ = unsafe poll(&polled, nfds_t(polled.count), milliseconds)
  }

  static func sleep(microseconds: UInt32) { usleep(microseconds) }

  static var ownPID: Int32 { getpid() }

  static var ownUser: UInt32 { geteuid() }

  /// What the time of day is ahead of the clock that nobody sets, in nanoseconds.
  static func clockOffset() -> Int64 {
    var day = timespec()
    var steady = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &day)
    unsafe clock_gettime(CLOCK_MONOTONIC, &steady)
    return Int64(day.tv_sec - steady.tv_sec) * 1_000_000_000 + Int64(day.tv_nsec - steady.tv_nsec)
  }

  /// Microseconds of a clock that nobody sets.
  static func now() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
  }
}
