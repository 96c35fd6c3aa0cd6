/// The first lines of a recording: its format and the machine.
enum HostLine {
  static func text(strace: String, delayMicroseconds: Int, command: [String]) -> String {
    let values: KeyValuePairs = [
      "kernel": file("/proc/sys/kernel/osrelease"),
      "arch": architecture,
      "page_size": String(RecordingPlatform.pageSize),
      "max_map_count": file("/proc/sys/vm/max_map_count"),
      "overcommit_memory": file("/proc/sys/vm/overcommit_memory"),
      "thp": chosen("/sys/kernel/mm/transparent_hugepage/enabled"),
      "shmem_thp": chosen("/sys/kernel/mm/transparent_hugepage/shmem_enabled"),
      "pkeys": protectionKeys,
      "uid": String(RecordingPlatform.ownUser),
      "strace": strace,
      "aslr": aslr,
      // Taken out of durations; the times of later calls still contain them.
      "delays": "execve+\(delayMicroseconds)us,exit+\(delayMicroseconds)us",
      // The last one, since it has spaces.
      "command": command.map(quoted).joined(separator: " "),
    ]
    let host = values.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    return "# vmareplay 1\n# host \(host)\n"
  }

  private static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "aarch64"
    #else
      "unknown"
    #endif
  }

  /// 1 if execute-only memory cannot be read on this processor.
  private static var protectionKeys: String {
    let words = RecordingPlatform.text(of: "/proc/cpuinfo")?.split(whereSeparator: \.isWhitespace)
    return words?.contains("ospke") == true ? "1" : "0"
  }

  /// 0, 1 or 2 as in /proc/sys/kernel/randomize_va_space; 0 also under `setarch -R`.
  private static var aslr: String {
    let noRandomize: UInt64 = 0x004_0000
    let personality = UInt64(file("/proc/self/personality"), radix: 16) ?? 0
    return personality & noRandomize != 0 ? "0" : file("/proc/sys/kernel/randomize_va_space")
  }

  private static func file(_ path: String) -> String {
    let words = RecordingPlatform.text(of: path)?.split(whereSeparator: \.isWhitespace)
    return words?.first.map(String.init) ?? "unknown"
  }

  /// The word in brackets of `always [madvise] never`.
  private static func chosen(_ path: String) -> String {
    let words = RecordingPlatform.text(of: path)?.split(whereSeparator: \.isWhitespace)
    let word = words?.first { $0.hasPrefix("[") && $0.hasSuffix("]") }
    return word.map { String($0.dropFirst().dropLast()) } ?? "unknown"
  }

  /// A word as a shell would read it back; control characters are shown as `?`, since a line must
  /// stay one.
  static func quoted(_ word: String) -> String {
    let printable = String(
      String.UnicodeScalarView(word.unicodeScalars.map { $0.value < 32 ? "?" : $0 }))
    let isPlain = printable.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || ("0"..."9").contains($0)
        || "-_./=:,+@%^".unicodeScalars.contains($0)
    }
    if isPlain, !printable.isEmpty { return printable }
    return "'"
      + printable.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
  }
}
