/// What strace starts, and what then becomes the recorded program.
///
/// Two programs come before it, and what they do is cut from the recording. A shell gives the
/// program the recorder's own standard error back, since strace writes messages of its own to the
/// one that it was started with. `env` repairs what a shell changes of the environment; and strace
/// injects nothing into the execve that it makes itself, so that some program has to come before
/// the recorded one.
struct Launcher {
  var shell: String
  var env: String
  /// The descriptor that holds the program's standard error; nil if that is where it belongs.
  var standardError: Int32?

  /// How many execves succeed before the one that starts the program.
  var steps: Int { standardError == nil ? 1 : 2 }

  /// Variables that shells set.
  private static let shellVariables = ["PWD", "OLDPWD", "SHLVL", "_"]

  /// - Parameters:
  ///   - environment: all of the recorder's variables, as `NAME=VALUE`. What stands on a command
  ///     line every user can read, so that only those do which a shell would change or drop.
  ///   - added: variables for the program alone.
  ///   - command: the path of the program and its arguments.
  func arguments(environment: [String], added: [String], command: [String]) -> [String] {
    guard let standardError else { return [env] + added + command }
    let gone = Self.shellVariables.filter { name in
      !environment.contains { $0.hasPrefix("\(name)=") }
    }
    let repaired = environment.filter { variable in
      let name = variable.prefix { $0 != "=" }
      return !name.isEmpty && name.count < variable.count
        && (Self.shellVariables.contains(String(name)) || !Self.isKept(name))
    }
    return [shell, "-c", "exec \"$@\" 2>&\(standardError) \(standardError)>&-", "sh", env]
      + gone.flatMap { ["-u", $0] } + repaired + added + command
  }

  /// Whether a shell knows a variable of this name: it passes no others on.
  private static func isKept(_ name: Substring) -> Bool {
    name.first?.isNumber == false
      && name.utf8.allSatisfy { byte in
        byte == UInt8(ascii: "_") || (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90)
          || (byte >= 97 && byte <= 122)
      }
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
