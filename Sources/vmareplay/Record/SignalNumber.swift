/// The numbers of the signals of Linux on x86-64 by the names that strace prints.
enum SignalNumber {
  private static let names = [
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL",
    "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD",
    "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ",
    "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
  ]

  /// The number; nil for a name that is not known. `SIGRT_3` is the third after the first.
  static func named(_ name: String) -> Int? {
    if let index = names.firstIndex(of: name) { return index + 1 }
    if name == "SIGRTMIN" { return 32 }
    guard name.hasPrefix("SIGRT_"), let offset = Int(name.dropFirst("SIGRT_".count)) else {
      return nil
    }
    return 32 + offset
  }
}
