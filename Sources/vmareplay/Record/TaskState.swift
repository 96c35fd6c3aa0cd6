/// What `/proc/TID/stat` and `/proc/TID/syscall` say of one task. Parsing only.
struct TaskState {
  /// `t` for a tracing stop, `R`, `S`, `D`, `Z` …
  var letter: Character
  /// The fields of stat behind the state: field 4 of proc(5) is the first.
  private var fields: [Substring]

  /// - Parameter stat: the text of `/proc/TID/stat`.
  init?(stat: String) {
    // The name in parentheses may contain anything, also a parenthesis.
    guard let close = stat.lastIndex(of: ")") else { return nil }
    let rest = stat[stat.index(after: close)...].split(whereSeparator: \.isWhitespace)
    guard let first = rest.first?.first else { return nil }
    letter = first
    fields = Array(rest.dropFirst())
  }

  /// A field by its number in proc(5), counting from 1.
  func field(_ number: Int) -> UInt64? {
    let index = number - 4
    return fields.indices.contains(index) ? UInt64(fields[index]) : nil
  }

  var isGone: Bool { letter == "Z" || letter == "X" }

  /// The values of a `# stat` line with the field of each in proc(5).
  private static let addresses: KeyValuePairs = [
    "start_code": 26, "end_code": 27, "start_data": 45, "end_data": 46, "start_brk": 47,
    "start_stack": 28, "arg_start": 48, "arg_end": 49, "env_start": 50, "env_end": 51,
  ]

  /// `start_code=0x… …`; nil if a field is missing.
  var addressList: String? {
    var parts: [String] = []
    for (key, number) in Self.addresses {
      guard let value = field(number) else { return nil }
      parts.append("\(key)=0x\(String(value, radix: 16))")
    }
    return parts.joined(separator: " ")
  }
}

/// The call that a task is in, of `/proc/TID/syscall`.
struct TaskCall: Equatable {
  var number: Int
  var arguments: [String]
  var stackPointer: UInt64

  /// - Returns: nil for a task that runs, or that is in no call.
  init?(_ text: String) {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 9, let number = Int(words[0]), number >= 0,
      let stack = UInt64(words[7].dropFirst(2), radix: 16)
    else { return nil }
    self.number = number
    arguments = words[1...6].map(String.init)
    stackPointer = stack
  }
}

/// Soft limits, of `/proc/PID/limits`.
enum LimitList {
  private static let names: KeyValuePairs = [
    "STACK": "Max stack size", "AS": "Max address space", "DATA": "Max data size",
    "MEMLOCK": "Max locked memory",
  ]

  /// `STACK=8388608 AS=unlimited …`, in bytes.
  static func list(_ text: String) -> String {
    var parts: [String] = []
    let lines = text.split(separator: "\n")
    for (key, name) in names {
      guard let line = lines.first(where: { $0.hasPrefix(name) }),
        let soft = line.dropFirst(name.count).split(separator: " ").first
      else { continue }
      parts.append("\(key)=\(soft)")
    }
    return parts.joined(separator: " ")
  }
}
