import SyscallABI

/// What stands before the call in a line: pid, times, call number, instruction pointer.
struct LinePrefix: BitwiseCopyable {
  var pid = PID.none
  /// An absolute time, in nanoseconds.
  var absolute: Int64 = 0
  /// A time since the line before, in nanoseconds.
  var relative: Int64 = 0
  var kind = Kind.none
  var hasRelative = false
  /// A number was broken: the line is no line of strace.
  var isBroken = false

  enum Kind: UInt8 {
    case none
    /// Seconds since 1970 (`-ttt`).
    case unix
    /// Time of day (`-t`, `-tt`).
    case clock
  }

  /// Seconds from which on a plain number is a date and not a difference: spring of 1973.
  private static let firstDate: UInt64 = 100_000_000
  /// The largest pid that Linux can give (PID_MAX_LIMIT).
  static let maximumPID: UInt64 = 4_194_304

  /// Reads the prefix and leaves `cursor` at the first byte of what follows.
  @inline(__always)
  init(_ cursor: inout ByteCursor) {
    // The usual form first: `1234  1700000000.123456 `.
    let start = cursor
    if cursor.isAtDigit, let number = cursor.decimal() {
      if cursor.byte == UInt8(ascii: " ") && number <= Self.maximumPID {
        let width = cursor.distance(from: start)
        cursor.skipBlanks()
        // The pid's column is five wide at least, with a blank behind it.
        if cursor.distance(from: start) == max(width, 5) + 1, cursor.isAtDigit {
          pid = PID(Int32(truncatingIfNeeded: number))
          if readDate(&cursor) { return }
        }
      }
      self = LinePrefix()
      cursor = start
    }
    readSlowly(&cursor)
  }

  init() {}

  /// Reads `1700000000.123456 ` with nothing after it; false if that is not what follows.
  @inline(__always)
  private mutating func readDate(_ cursor: inout ByteCursor) -> Bool {
    guard let seconds = cursor.decimal(), seconds >= Self.firstDate, seconds < 1 << 33,
      cursor.take(UInt8(ascii: ".")), let fraction = cursor.fractionInNanoseconds(),
      cursor.take(UInt8(ascii: " "))
    else { return false }
    absolute = Int64(seconds) * 1_000_000_000 + fraction
    kind = .unix
    // `(+ 0.000012) `, `[ 9] ` and blanks need the long way.
    return cursor.byte >= UInt8(ascii: "+") && !cursor.isAtDigit
      && cursor.byte != UInt8(ascii: "[")
  }

  @inline(never)
  private mutating func readSlowly(_ cursor: inout ByteCursor) {
    let start = cursor
    var blanks = 0
    while true {
      let before = cursor
      switch cursor.byte {
      case UInt8(ascii: " "):
        cursor.skipBlanks()
        blanks += cursor.distance(from: before)
        // ` > frame`, ` | dump |`, ` * 5 bytes` and the rests of torn lines begin with a blank.
        continue
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        let isFirst = before.distance(from: start) == 0
        guard readNumber(&cursor, isFirst: isFirst, isPadded: blanks > 0) else {
          cursor = before
          return
        }
        blanks = 0
      case UInt8(ascii: "("):
        guard readDifference(&cursor) else { return }
        blanks = 0
      case UInt8(ascii: "["):
        guard readBracket(&cursor) else { return }
        blanks = 0
      default:
        // The blanks before the body stay with it if they cannot be part of a prefix.
        return
      }
    }
  }

  /// Reads a number and the blank behind it: a pid, a date, a time of day or a difference.
  private mutating func readNumber(
    _ cursor: inout ByteCursor, isFirst: Bool, isPadded: Bool
  ) -> Bool {
    let start = cursor
    guard let number = cursor.decimal() else { return broken() }
    switch cursor.byte {
    case UInt8(ascii: ":"):
      cursor = start
      return readTimeOfDay(&cursor)
    case UInt8(ascii: "."):
      cursor.advance()
      guard let fraction = cursor.fractionInNanoseconds() else { return broken() }
      return readSeconds(number, fraction, isPadded: isPadded, &cursor)
    case UInt8(ascii: "<"):
      guard number <= Self.maximumPID, pid == .none, cursor.skipAnnotation(),
        cursor.take(UInt8(ascii: " "))
      else { return false }
      pid = PID(Int32(number))
      return true
    case UInt8(ascii: " "):
      if isFirst && number <= Self.maximumPID {
        pid = PID(Int32(number))
        // More blanks than the column's belong to a difference.
        cursor.advance()
        while cursor.distance(from: start) < 6 && cursor.take(UInt8(ascii: " ")) {}
        return true
      }
      return readSeconds(number, 0, isPadded: isPadded, &cursor)
    default:
      return false
    }
  }

  private mutating func readSeconds(
    _ seconds: UInt64, _ fraction: Int64, isPadded: Bool, _ cursor: inout ByteCursor
  ) -> Bool {
    guard cursor.take(UInt8(ascii: " ")) else { return false }
    guard seconds < 1 << 33 else { return broken() }
    let time = Int64(seconds) * 1_000_000_000 + fraction
    if isPadded && seconds < Self.firstDate || seconds >= 100_000 && seconds < Self.firstDate {
      relative = time
      hasRelative = true
    } else if kind == .none {
      absolute = time
      kind = .unix
    } else {
      return broken()
    }
    return true
  }
}
