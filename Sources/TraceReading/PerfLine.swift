import SyscallABI

/// One event as `perf script` prints it:
/// `COMM PID/TID [CPU] TIME: exceptions:page_fault_user: address=0x… ip=0x… error_code=0x6`.
///
/// The name of a program may have blanks, so the line is read from its time backwards.
struct PerfLine {
  var thread: PID
  var nanoseconds: Int64
  /// It is `exceptions:page_fault_user` or `exceptions:page_fault_kernel`.
  var isFault = false
  /// It is the software event `page-faults`, which says neither read nor write.
  var isPageFaultCount = false
  var address: Address?
  var errorCode: UInt64?

  /// nil if the line is none of perf.
  init?(_ line: ByteCursor) {
    guard let found = Self.time(in: line), let thread = Self.thread(in: line, before: found.start)
    else { return nil }
    self.thread = thread
    nanoseconds = found.nanoseconds
    var cursor = found.end
    cursor.skipBlanks()
    // A period may stand before the name.
    if cursor.isAtDigit {
      _ = cursor.decimal()
      cursor.skipBlanks()
    }
    if cursor.starts(with: "exceptions:page_fault_user:")
      || cursor.starts(with: "exceptions:page_fault_kernel:")
    {
      isFault = true
      address = Self.value(of: "address=", in: cursor).map { Address($0) }
      errorCode = Self.value(of: "error_code=", in: cursor)
    } else {
      isPageFaultCount = cursor.starts(with: "page-faults:") || cursor.starts(with: "page-faults ")
    }
  }

  /// The first word that is a number with a point and a colon behind it.
  private static func time(
    in line: ByteCursor
  ) -> (start: ByteCursor, end: ByteCursor, nanoseconds: Int64)? {
    var cursor = line
    while !cursor.isAtEnd {
      cursor.skipBlanks()
      let start = cursor
      if let seconds = cursor.decimal(), seconds < 1 << 33, cursor.take(UInt8(ascii: ".")),
        let fraction = cursor.fractionInNanoseconds(), cursor.take(UInt8(ascii: ":")),
        cursor.byte == UInt8(ascii: " ")
      {
        return (start, cursor, Int64(seconds) * 1_000_000_000 + fraction)
      }
      cursor = start
      while cursor.byte != UInt8(ascii: " ") && !cursor.isAtEnd { cursor.advance() }
    }
    return nil
  }

  /// The last word before the time that is `PID/TID` or `TID`: a processor in brackets, and flags
  /// with letters, may stand between.
  private static func thread(in line: ByteCursor, before end: ByteCursor) -> PID? {
    var found: PID?
    var cursor = line
    while cursor.distance(from: line) < end.distance(from: line) {
      var word = cursor
      if let first = word.decimal() {
        let second = word.take(UInt8(ascii: "/")) ? word.decimal() : first
        if let second, word.byte == UInt8(ascii: " "), second < 1 << 31 {
          found = PID(Int32(second))
        }
      }
      while cursor.byte != UInt8(ascii: " ") && !cursor.isAtEnd { cursor.advance() }
      cursor.skipBlanks()
    }
    return found
  }

  /// `key=0x7f00…`
  private static func value(of key: StaticString, in line: ByteCursor) -> UInt64? {
    guard var cursor = line.find(key) else { return nil }
    cursor.advance(key.utf8CodeUnitCount)
    guard cursor.take("0x") else { return nil }
    return cursor.hexadecimal()
  }
}
