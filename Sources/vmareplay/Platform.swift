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

  /// Where what can be made anew is kept: `XDG_CACHE_HOME`, else `.cache` in the home folder.
  static var cacheFolder: String {
    for (name, below) in [("XDG_CACHE_HOME", ""), ("HOME", "/.cache")] {
      guard let value = unsafe getenv(name), unsafe value.pointee != 0 else { continue }
      return unsafe String(cString: value) + below
    }
    return temporaryFolder
  }

  /// Makes a folder and those above it; what is there already is left alone.
  static func makeFolder(_ path: String) {
    var made = ""
    for part in path.split(separator: "/", omittingEmptySubsequences: false) {
      made += made.isEmpty && part.isEmpty ? "" : "\(part)"
      // Whoever wants to write there will find out if this failed.
      if !made.isEmpty { unsafe mkdir(made, 0o777) }
      made += "/"
    }
  }

  static func removeFile(_ path: String) { unsafe unlink(path) }

  /// A path at which a child process finds this program, since it starts as a copy of this one.
  static let program = "/proc/self/exe"

  static let processID = getpid()

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
