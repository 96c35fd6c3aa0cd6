// Signals need the C library: a handler, and the records that it is installed with.

import Glibc
import SystemPackage

/// A caught signal ends up here as its number, one byte each, with the sender's kind in the
/// highest bit: set if a process sent it, not set if the kernel (the terminal) did.
///
/// A plain global of a trivial type: the handler may not take part in a lazy initialisation.
nonisolated(unsafe) private var signalPipeWriteEnd: Int32 = -1

extension RecordingPlatform {
  static let terminalStops: [Int32] = [SIGTSTP, SIGTTIN, SIGTTOU]
  static let requestsToEnd: [Int32] = [SIGTERM, SIGHUP]
  static let stop = SIGSTOP
  static let goOn = SIGCONT
  static let killIt = SIGKILL
  static let interrupt = SIGINT

  /// Catches what would end or stop the recorder before the recording is finished.
  ///
  /// Caught, not ignored: a caught signal is back at its default in the recorded program. What is
  /// ignored already stays so, for the program too.
  ///
  /// - Returns: the end of a pipe from which `nextSignal` reads.
  static func catchSignals() throws(Errno) -> FileDescriptor {
    var ends: [Int32] = [0, 0]
    guard unsafe Glibc.pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    unsafe signalPipeWriteEnd = ends[1]
    for signal in [SIGINT, SIGQUIT, SIGPIPE] + requestsToEnd + terminalStops {
      var old = sigaction()
      unsafe sigaction(signal, nil, &old)
      let isIgnored = unsafe unsafeBitCast(old.__sigaction_handler.sa_handler, to: Int.self) == 1
      if !isIgnored { catchSignal(signal) }
    }
    return FileDescriptor(rawValue: ends[0])
  }

  private static func catchSignal(_ signal: Int32) {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_sigaction = { signal, info, _ in
      let saved = errno
      let isFromProcess = unsafe (info?.pointee.si_code ?? 0) <= 0
      var byte = UInt8(truncatingIfNeeded: signal) | (isFromProcess ? 0x80 : 0)
      _ = unsafe Glibc.write(signalPipeWriteEnd, &byte, 1)
      errno = saved
    }
    action.sa_flags = SA_SIGINFO | SA_RESTART
    unsafe sigaction(signal, &action, nil)
  }

  /// Lets a spawned program have the signals as the recorder was given them.
  ///
  /// A thread of a pool blocks nearly all, and spawning makes the two be ignored that the C library
  /// uses itself. Of the first thread the mask is the one that the recorder was started with.
  static func restoreSignals(in attributes: inout posix_spawnattr_t) {
    let status = text(of: "/proc/self/status") ?? ""
    var mask = set(of: signals("SigBlk:", of: status))
    unsafe posix_spawnattr_setsigmask(&attributes, &mask)
    var internals = set(of: (1 << 31 | 1 << 32) & ~signals("SigIgn:", of: status))
    unsafe posix_spawnattr_setsigdefault(&attributes, &internals)
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
  }

  private static func signals(_ key: String, of status: String) -> UInt {
    let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
    return line.flatMap { UInt($0.dropFirst(key.count + 1), radix: 16) } ?? 0
  }

  /// The signals of a mask as the kernel writes it, bit n - 1 for signal n.
  private static func set(of bits: UInt) -> sigset_t {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    // sigaddset refuses the signals that the C library uses itself.
    unsafe withUnsafeMutableBytes(of: &set) { unsafe $0.storeBytes(of: bits, as: UInt.self) }
    return set
  }

  /// A caught signal, and whether a process sent it; nil if there is none.
  static func nextSignal(
    from pipe: FileDescriptor
  ) -> (signal: Int32, isFromProcess: Bool)? {
    var bytes: [UInt8] = [0]
    guard let count = try? read(pipe, into: &bytes), count == 1 else { return nil }
    return (Int32(bytes[0] & 0x7f), bytes[0] & 0x80 != 0)
  }

  /// Stops the recorder itself as the signal would have done, so that a shell sees a stopped job.
  /// Returns when it goes on.
  static func stopMyself(by signal: Int32) {
    var action = sigaction()
    unsafe action.__sigaction_handler.sa_handler = SIG_DFL
    unsafe sigaction(signal, &action, nil)
    // Threads of a pool block signals. Unlike kill, raise does not return before it has worked.
    var mask = sigset_t()
    var old = sigset_t()
    unsafe sigemptyset(&mask)
    unsafe sigaddset(&mask, signal)
    unsafe pthread_sigmask(SIG_UNBLOCK, &mask, &old)
    raise(signal)
    unsafe pthread_sigmask(SIG_SETMASK, &old, nil)
    catchSignal(signal)
  }
}
