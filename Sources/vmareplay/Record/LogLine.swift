/// What the recorder has to know of one line of the log that strace writes.
///
/// Only the beginning of a line and its last words are looked at, so that classifying costs the
/// same for every length. The form is that of `-f -ttt -T -o`: pid, time, text.
struct LogLine: Equatable {
  enum Event: Equatable {
    /// An execve that succeeded, whole or in its resumed form: the map is the new image.
    case execveCompleted
    /// `exit_group(` has begun; its line may not be complete yet.
    case exitGroupBegun
    /// `exit(` of one thread has begun; its line may not be complete yet.
    case exitBegun
    /// A call that makes a task has succeeded.
    case created(task: Int32)
    case exited
    case killed(signal: String)
    case superseded(by: Int32)
    /// `--- stopped by SIGTSTP ---`: job control has stopped the task.
    case stopped
    /// `--- SIGTERM {...} ---`
    case received(signal: String)
    case other
  }

  var pid: Int32
  var event: Event

  /// Whether a line of kind `other` is the end of a call that changes maps.
  static func endsMapCall(_ text: ArraySlice<UInt8>) -> Bool {
    let call = text.starts(with: "<... ".utf8) ? text.dropFirst(5) : text
    let end = call.prefix(20).firstIndex { $0 == UInt8(ascii: "(") || $0 == UInt8(ascii: " ") }
    guard let end else { return false }
    let name = String(decoding: call[..<end], as: UTF8.self)
    guard CallFilter.mapChangingNames.contains(name) else { return false }
    return !text.hasSuffix(Array("<unfinished ...>".utf8))
  }

  /// Where the text after pid and time begins.
  var text: Int

  /// The line, without its newline; nil if it has no pid and time.
  ///
  /// - Complexity: O(1) for all lines but those that begin with `+++` and `---`.
  init?(_ line: ArraySlice<UInt8>) {
    guard let (pid, text) = Self.prefix(of: line) else { return nil }
    self.pid = pid
    self.text = text
    event = Self.event(line[text...])
  }

  private static func prefix(of line: ArraySlice<UInt8>) -> (pid: Int32, text: Int)? {
    var at = line.startIndex
    var pid: Int32 = 0
    while at < line.endIndex, let digit = digit(line[at]), pid < 100_000_000 {
      pid = pid * 10 + digit
      at += 1
    }
    guard pid > 0, let time = skipSpaces(line, at) else { return nil }
    at = time
    while at < line.endIndex, digit(line[at]) != nil || line[at] == UInt8(ascii: ".") { at += 1 }
    guard at > time, let text = skipSpaces(line, at) else { return nil }
    return (pid, text)
  }

  private static func digit(_ byte: UInt8) -> Int32? {
    byte >= 48 && byte <= 57 ? Int32(byte - 48) : nil
  }

  /// The first byte that is no space; nil where there is not a single space.
  private static func skipSpaces(_ line: ArraySlice<UInt8>, _ start: Int) -> Int? {
    var at = start
    while at < line.endIndex, line[at] == UInt8(ascii: " ") { at += 1 }
    return at > start && at < line.endIndex ? at : nil
  }

  private static func event(_ text: ArraySlice<UInt8>) -> Event {
    switch text.first {
    case UInt8(ascii: "e"):
      if text.starts(with: "exit_group(".utf8) { return .exitGroupBegun }
      if text.starts(with: "exit(".utf8) { return .exitBegun }
      return result(text, ofCall: text)
    case UInt8(ascii: "c"), UInt8(ascii: "f"), UInt8(ascii: "v"):
      return result(text, ofCall: text)
    case UInt8(ascii: "<"):
      guard text.starts(with: "<... ".utf8) else { return .other }
      return result(text, ofCall: text.dropFirst("<... ".utf8.count))
    case UInt8(ascii: "+"): return ending(words(text))
    case UInt8(ascii: "-"): return signal(words(text))
    default: return .other
    }
  }

  /// - Parameter call: the same text from the name of the call on.
  private static func result(_ text: ArraySlice<UInt8>, ofCall call: ArraySlice<UInt8>) -> Event {
    let end = call.prefix(16).firstIndex { $0 == UInt8(ascii: "(") || $0 == UInt8(ascii: " ") }
    guard let end else { return .other }
    switch String(decoding: call[..<end], as: UTF8.self) {
    case "execve", "execveat":
      return CallResult.value(of: text) == 0 ? .execveCompleted : .other
    case "clone", "clone3", "fork", "vfork":
      guard let child = CallResult.value(of: text), child > 0 else { return .other }
      return .created(task: Int32(truncatingIfNeeded: child))
    default: return .other
    }
  }

  private static func words(_ text: ArraySlice<UInt8>) -> [Substring] {
    String(decoding: text, as: UTF8.self).split(separator: " ")
  }

  private static func ending(_ words: [Substring]) -> Event {
    guard words.count >= 4, words[0] == "+++", words.last == "+++" else { return .other }
    if words[1] == "exited" { return .exited }
    if words[1] == "killed" { return .killed(signal: String(words[3])) }
    if words[1] == "superseded", let pid = Int32(words[words.count - 2]) {
      return .superseded(by: pid)
    }
    return .other
  }

  private static func signal(_ words: [Substring]) -> Event {
    guard words.count >= 3, words[0] == "---", words.last == "---" else { return .other }
    return words[1] == "stopped" ? .stopped : .received(signal: String(words[1]))
  }
}
