import ArgumentParser

/// The exit statuses of all commands, as in sysexits.
enum ExitStatus: Int32 {
  case done = 0
  /// A check or comparison found a difference.
  case difference = 1
  case usage = 64
  case badTrace = 65
  case noInput = 66
  case bug = 70
  case cannotCreate = 73
  case ioError = 74

  var code: ExitCode { ExitCode(rawValue) }
}
