// Starting and ending processes needs the C library. Subprocess is not used for the recorded
// program: it resets every signal to its default and closes the descriptors above 2, and the
// program would notice both.

import Glibc
import SystemPackage

extension RecordingPlatform {
  /// A pipe of which the program does not inherit the end that is read.
  static func makeMessagePipe() throws(Errno) -> (readEnd: FileDescriptor, writeEnd: FileDescriptor)
  {
    var ends: [Int32] = [0, 0]
    guard unsafe Glibc.pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
  }

  /// Another descriptor for standard error, which a child inherits and a shell can name with one
  /// digit; nil if there is none.
  static func copyOfStandardError() -> FileDescriptor? {
    let copy = fcntl(STDERR_FILENO, F_DUPFD, 3)
    guard copy > 9 else { return copy < 0 ? nil : FileDescriptor(rawValue: copy) }
    close(copy)
    return nil
  }

  /// Starts a program in the same process group, with all descriptors, signals and the
  /// environment as they are.
  ///
  /// - Parameter standardError: another standard error for it.
  static func spawn(
    _ arguments: [String], standardError: FileDescriptor?
  ) throws(Errno) -> Int32 {
    var strings = unsafe arguments.map { unsafe strdup($0) }
    defer { for index in unsafe strings.indices { unsafe free(strings[index]) } }
    unsafe strings.append(nil)
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    if let standardError {
      unsafe posix_spawn_file_actions_adddup2(&actions, standardError.rawValue, STDERR_FILENO)
    }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    restoreSignals(in: &attributes)
    var pid: Int32 = 0
    let error = unsafe posix_spawn(
      &pid, arguments[0], &actions, &attributes, strings, environ)
    guard error == 0 else { throw Errno(rawValue: error) }
    return pid
  }

  static func send(_ signal: Int32, to pid: Int32) { kill(pid, signal) }

  enum End: Equatable {
    case exited(Int32)
    case killed(Int32)

    /// As a shell says it.
    var status: Int32 {
      switch self {
      case .exited(let status): status
      case .killed(let signal): 128 + signal
      }
    }
  }

  /// How a child ended; nil if it still runs and `waits` is false.
  static func end(of child: Int32, waits: Bool) -> End? {
    var status: Int32 = 0
    while true {
      let pid = unsafe waitpid(child, &status, waits ? 0 : WNOHANG)
      if pid == child { break }
      if pid < 0, errno == EINTR { continue }
      return pid < 0 ? .exited(0) : nil
    }
    return status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .killed(status & 0x7f)
  }
}
