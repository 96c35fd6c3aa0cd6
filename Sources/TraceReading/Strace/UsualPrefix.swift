import SyscallABI

/// The pid and second of the last line: most lines have the same as the one before, so that only
/// the fraction of the second has to be read.
///
/// Holds for `1234  1700000000.123456 ` and, without the pid, `1700000000.123456 `.
struct UsualPrefix {
  /// The first bytes of a line, up to eight, under `pidMask`: the pid and the blanks behind it.
  private var pidText: UInt64 = 0
  private var pidMask: UInt64 = 0
  private var pidLength = 0
  private var pid = PID.none
  /// The ten digits of the second and the point behind them.
  private var secondHead: UInt64 = 0
  private var secondTail: UInt64 = 0
  private var second: Int64 = 0
  private var isKnown = false

  /// Reads a prefix that has the last one's second; false if it has not.
  @inline(__always)
  mutating func read(_ cursor: inout ByteCursor, into prefix: inout LinePrefix) -> Bool {
    guard isKnown, cursor.word & pidMask == pidText || readPID(cursor),
      cursor.word(at: pidLength) == secondHead,
      cursor.word(at: pidLength + 8) & 0xff_ffff == secondTail
    else { return false }
    let word = cursor.word(at: pidLength + 11)
    guard ByteCursor.digitCount(word) == 6, word >> 48 & 0xff == 0x20,
      // Not a difference, call number or blank, which come between the time and the call.
      word >> 56 >= 0x3c && word >> 56 != 0x5b
    else { return false }
    prefix.pid = pid
    prefix.absolute = second + Int64(ByteCursor.decimalValue(word, 6)) * 1000
    prefix.kind = .unix
    cursor.pass(pidLength + 18)
    return true
  }

  /// Notes the pid of a line that has another than the last one; false if it has none.
  private mutating func readPID(_ start: ByteCursor) -> Bool {
    guard pidLength > 0 else { return false }
    let word = start.word
    let digits = ByteCursor.digitCount(word)
    guard digits > 0 && digits < 7 else { return false }
    // The column is five wide at least, with a blank behind it.
    let length = max(digits, 5) + 1
    let mask = (1 << UInt64(8 * length)) - 1 as UInt64
    let blanks = (0x2020_2020_2020_2020 << UInt64(8 * digits)) & mask
    guard word & mask & ~((1 << UInt64(8 * digits)) - 1) == blanks else { return false }
    let number = ByteCursor.decimalValue(word, digits)
    pidText = word & mask
    pidMask = mask
    pidLength = length
    pid = PID(Int32(number))
    return true
  }

  /// Notes the prefix between `start` and `end`, if it is of the usual form.
  mutating func learn(_ start: ByteCursor, _ end: ByteCursor, _ prefix: LinePrefix) {
    let length = end.distance(from: start)
    let pidLength = length - 18
    guard prefix.kind == .unix, !prefix.hasRelative, pidLength >= 0, pidLength <= 8,
      pidLength == 0 || start.isAtDigit, (prefix.pid == .none) == (pidLength == 0),
      prefix.absolute >= 1_000_000_000_000_000_000,
      start.byte(at: pidLength + 10) == UInt8(ascii: ".")
    else { return }
    pidMask = pidLength == 8 ? .max : (1 << UInt64(8 * pidLength)) - 1
    pidText = start.word & pidMask
    self.pidLength = pidLength
    pid = prefix.pid
    secondHead = start.word(at: pidLength)
    secondTail = start.word(at: pidLength + 8) & 0xff_ffff
    second = prefix.absolute / 1_000_000_000 * 1_000_000_000
    isKnown = true
  }
}
