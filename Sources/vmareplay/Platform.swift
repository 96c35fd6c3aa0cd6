// What the C library must be asked directly. Every call here takes no pointer that outlives it.

import Glibc

enum Platform {
  /// Columns of the terminal to which standard output goes; nil if it goes elsewhere.
  static var standardOutputWidth: Int? {
    var size = winsize()
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }

  /// Where temporary files go.
  static var temporaryFolder: String {
    guard let value = unsafe getenv("TMPDIR"), unsafe value.pointee != 0 else { return "/tmp" }
    return unsafe String(cString: value)
  }

  /// Writing to a closed pipe must be an error that can be reported, not a signal that kills.
  static func ignoreBrokenPipes() {
    signal(SIGPIPE, SIG_IGN)
  }

  /// Whether standard error is a terminal: only then is progress shown.
  static var standardErrorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// The CPU time that this thread has used, in nanoseconds: what others use does not count.
  static func threadTime() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
