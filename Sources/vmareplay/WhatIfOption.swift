import ArgumentParser
import Replay
import SyscallABI

/// A rule of `replay --what-if`.
struct WhatIfOption {
  /// As the user wrote it.
  let text: String
  let rule: WhatIfRule

  static let help: ArgumentHelp = ArgumentHelp(
    "Change calls on the way and compare the counts with and without. \(list)",
    valueName: "rule")

  /// The rules, for help and for messages.
  static let list = """
    Rules: drop=CALL or drop=CALL:WORD (leave out calls, such as madvise:NOHUGEPAGE; an mmap with \
    the word is made without it), guard=madvise (guard pages by MADV_GUARD_INSTALL instead of \
    PROT_NONE), ignore=names, ignore=policy, ignore=faults (as if no VMA had any), max-map-count=N.
    """

  init(_ argument: String) throws {
    text = argument
    let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      .map(String.init)
    let value = parts.count == 2 ? parts[1] : ""
    switch (parts[0], value) {
    case ("drop", let call) where !call.isEmpty: rule = try Self.drop(call)
    case ("guard", "madvise"): rule = .guardByMadvise
    case ("ignore", "names"): rule = .ignoreNames
    case ("ignore", "policy"): rule = .ignorePolicy
    case ("ignore", "faults"): rule = .ignoreFaults
    case ("max-map-count", let digits):
      guard let count = Int32(digits), count >= 0 else {
        throw ValidationError("'\(digits)' in '\(argument)' is not a number of VMAs.")
      }
      rule = .maxMapCount(Int(count))
    default: throw ValidationError("There is no rule '\(argument)'. \(Self.list)")
    }
  }

  private static func drop(_ text: String) throws -> WhatIfRule {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      .map(String.init)
    guard let name = WhatIfRule.droppableCalls.first(where: { "\($0.text)" == parts[0] }) else {
      let names = WhatIfRule.droppableCalls.map { "\($0.text)" }.joined(separator: ", ")
      throw ValidationError("No call '\(parts[0])' can be left out. There are: \(names).")
    }
    guard parts.count == 2 else { return .drop(name, word: nil) }
    let words = WhatIfRule.words(of: name)
    let asked = parts[1].uppercased()
    // `MADV_NOHUGEPAGE` or without what comes before the first underscore.
    let word = words.first { word in
      word == asked || word.drop { $0 != "_" }.dropFirst() == asked[...]
    }
    guard let word else {
      let known = words.isEmpty ? "it has none" : words.joined(separator: ", ")
      throw ValidationError("\(name.text) has no word '\(parts[1])'. There are: \(known).")
    }
    return .drop(name, word: word)
  }
}
