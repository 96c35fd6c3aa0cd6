/// What strace starts, and what then becomes the recorded program.
///
/// Two programs come before it, and what they do is cut from the recording. A shell gives the
/// program the recorder's own standard error back, since strace writes messages of its own to the
/// one that it was started with. `env` gives it the environment, of which a shell would change
/// some; and strace injects nothing into the execve that it makes itself, so that some program has
/// to come before the recorded one.
struct Launcher {
  var shell: String
  var env: String
  /// The descriptor that holds the program's standard error; nil if that is where it belongs.
  var standardError: Int32?

  /// How many execves succeed before the one that starts the program.
  var steps: Int { standardError == nil ? 1 : 2 }

  /// - Parameters:
  ///   - environment: all of the program's variables, as `NAME=VALUE`.
  ///   - command: the path of the program and its arguments.
  func arguments(environment: [String], command: [String]) -> [String] {
    let words = [env, "-i"] + environment + command
    guard let standardError else { return words }
    return [shell, "-c", "exec \"$@\" 2>&\(standardError) \(standardError)>&-", "sh"] + words
  }
}

/// The messages that strace writes about itself.
struct StraceMessages {
  /// Said when an exit ends the delay of another thread, which does no harm.
  private static let harmless = "has delayed wait data set already"
  private var partial: [UInt8] = []

  /// Takes in the next piece.
  ///
  /// - Returns: the complete lines of it that the user should see.
  mutating func absorb(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    partial += bytes
    guard let end = partial.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
    let lines = partial[..<end].split(separator: UInt8(ascii: "\n"))
    partial.removeFirst(end + 1)
    return Array(
      lines.filter { !String(decoding: $0, as: UTF8.self).contains(Self.harmless) }
        .map { $0 + [UInt8(ascii: "\n")] }.joined())
  }
}
