/// Why a line could not be decoded. Put into words only when a line really failed.
struct Problem: BitwiseCopyable {
  enum Kind: UInt8 {
    case tooFewArguments, tooManyArguments, badNumber, badDescriptor, unknownName, badStructure
    case badString, badSeparator, noResult, badResult, unknownError, badDuration, trailingText
    case cutOff, noBeginning, notStrace, badTime
  }

  var kind: Kind
  /// Where in the line.
  var position: ByteCursor
  /// Of which kind the name should have been.
  var symbol = SymbolKind.none

  /// The text of a malformed line's message.
  func message(call: String?) -> String {
    let prefix = call.map { $0 + ": " } ?? ""
    let value = Self.quote(position)
    switch kind {
    case .tooFewArguments: return prefix + "too few arguments"
    case .tooManyArguments: return prefix + "too many arguments: \(value)"
    case .badNumber: return prefix + "not a number, or one of more than 64 bits: \(value)"
    case .badDescriptor: return prefix + "not a file descriptor: \(value)"
    case .unknownName: return prefix + "unknown \(symbol.description) \(value)"
    case .badStructure: return prefix + "not the expected structure: \(value)"
    case .badString: return prefix + "a string without an end: \(value)"
    case .badSeparator: return prefix + "expected `,` or `)` at \(value)"
    case .noResult: return prefix + "no result"
    case .badResult: return prefix + "not a result: \(value)"
    case .unknownError: return prefix + "unknown error \(value)"
    case .badDuration: return prefix + "not a duration: \(value)"
    case .trailingText: return prefix + "unexpected text after the result: \(value)"
    case .cutOff: return prefix + "the line is cut off at the end of the log"
    case .noBeginning: return prefix + "resumed, but the log has not its beginning"
    case .notStrace: return "not a line of strace: \(value)"
    case .badTime: return "not a time: \(value)"
    }
  }

  /// Up to 60 bytes from `position` on, in quotes, made printable.
  private static func quote(_ position: ByteCursor) -> String {
    let limit = 60
    let rest = position.rest
    var text = "'"
    for scalar in rest.prefix(limit).text.unicodeScalars {
      text += scalar.value < 0x20 || scalar.value == 0x7f ? "?" : String(scalar)
    }
    return text + (rest.count > limit ? "...'" : "'")
  }
}
