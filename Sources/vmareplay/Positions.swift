import ArgumentParser
import SyscallABI

/// `N` or `FILE:N`.
struct LinePosition: ExpressibleByArgument {
  let file: String?
  let line: UInt64

  init?(argument: String) {
    guard let last = argument.split(separator: ":").last, let line = UInt64(last) else {
      return nil
    }
    self.line = line
    let rest = argument.dropLast(last.count)
    file = rest.isEmpty ? nil : String(rest.dropLast())
  }
}

/// Seconds with up to nine decimals, taken exactly.
struct LogTime: ExpressibleByArgument {
  let timestamp: SyscallEvent.Timestamp

  init?(argument: String) {
    let parts = argument.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let seconds = Int64(parts[0]), seconds >= 0, seconds < 1 << 33 else { return nil }
    var fraction = parts.count > 1 ? String(parts[1]) : ""
    guard fraction.utf8.count <= 9 else { return nil }
    fraction += String(repeating: "0", count: 9 - fraction.utf8.count)
    guard let nanoseconds = Int64(fraction), nanoseconds >= 0 else { return nil }
    timestamp = SyscallEvent.Timestamp(nanoseconds: seconds * 1_000_000_000 + nanoseconds)
  }
}

/// `FILE:N`: a page of a file.
struct FilePage: ExpressibleByArgument {
  let file: String
  let page: UInt64

  init?(argument: String) {
    guard let colon = argument.lastIndex(of: ":"), colon > argument.startIndex,
      let page = UInt64(argument[argument.index(after: colon)...])
    else { return nil }
    file = String(argument[..<colon])
    self.page = page
  }
}
