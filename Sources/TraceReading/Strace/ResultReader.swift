import SyscallABI

/// Reads what stands behind a call's closing parenthesis: ` = 0x7f… <0.000042>`.
struct ResultReader {
  var cursor: ByteCursor
  private(set) var result = SyscallResult(outcome: .unknown)
  private(set) var duration = SyscallEvent.Duration.none
  private(set) var problem: Problem?

  /// - Parameter cursor: right behind the closing parenthesis.
  init(_ cursor: ByteCursor, symbols: borrowing SymbolTable) {
    self.cursor = cursor
    if self.cursor.word & 0xff_ffff == 0x203d20 {  // " = "
      self.cursor.advance(3)
    } else {
      self.cursor.skipBlanks()
      guard self.cursor.take(UInt8(ascii: "=")) else {
        fail(.noResult)
        return
      }
      self.cursor.skipBlanks()
    }
    readValue(symbols)
    if problem == nil { readRest() }
  }

  @inline(never)
  private mutating func fail(_ kind: Problem.Kind, _ symbol: SymbolKind = .none) {
    if problem == nil { problem = Problem(kind: kind, position: cursor, symbol: symbol) }
  }

  private mutating func readValue(_ symbols: borrowing SymbolTable) {
    if cursor.byte != UInt8(ascii: "?") && cursor.byte != UInt8(ascii: "-") {
      guard let value = cursor.integer() else { return fail(.badResult) }
      result = .returned(value)
      if cursor.byte == UInt8(ascii: "<") || cursor.byte == UInt8(ascii: " ") {
        if let pid = cursor.pidOfStrace() { result.value = pid }
      }
    } else {
      readFailure(symbols)
    }
  }

  /// `?`, `? ERESTARTSYS (To be restarted)`, `-1 ENOMEM (Cannot allocate memory)`, `-1 (errno 12)`.
  private mutating func readFailure(_ symbols: borrowing SymbolTable) {
    if cursor.take(UInt8(ascii: "?")) {
      result = SyscallResult(outcome: .unknown)
    } else {
      guard let value = cursor.integer() else { return fail(.badResult) }
      // strace prints -1 for every error; a bare negative number is one without a name.
      result = value == .max ? .failed(0) : .returned(value)
    }
    let beforeName = cursor
    guard cursor.take(UInt8(ascii: " ")) else { return }
    if cursor.byte == UInt8(ascii: "E") {
      if let errno = symbols.take(.errno, from: &cursor) {
        result.errno = Int32(errno)
      } else if cursor.take("ERRNO_"), let number = cursor.decimal(), number < 1 << 31 {
        result.errno = Int32(number)
      } else {
        return fail(.unknownError)
      }
    } else if cursor.take("(errno "), let number = cursor.decimal(), number < 1 << 31,
      cursor.take(UInt8(ascii: ")"))
    {
      result.errno = Int32(number)
    } else {
      cursor = beforeName
    }
  }

  /// Remarks (`(INJECTED)`, error texts, comments) and the duration.
  private mutating func readRest() {
    while true {
      if cursor.isAtEnd { return }
      if cursor.word & 0xffff == 0x3c20, cursor.byte(at: 2) &- UInt8(ascii: "0") < 10 {  // " <"
        cursor.advance(2)
        return readDuration()
      }
      guard readRemark() else { return fail(.trailingText) }
    }
  }

  @inline(never)
  private mutating func readRemark() -> Bool {
    switch cursor.byte {
    case UInt8(ascii: " "):
      if cursor.starts(with: " (") {
        cursor.advance()
        return readParenthesis()
      }
      if cursor.starts(with: " /*") { return cursor.skipComment() }
      if cursor.starts(with: " <unavailable>") {
        cursor.advance(14)
        return true
      }
      // Blanks at the end of the line.
      cursor.skipBlanks()
      return cursor.isAtEnd
    case UInt8(ascii: "<"):
      return cursor.skipAnnotation()
    default:
      return false
    }
  }

  private mutating func readParenthesis() -> Bool {
    if cursor.take("(INJECTED)") || cursor.take("(INJECTED: args, retval)")
      || cursor.take("(INJECTED: retval)")
    {
      result.isInjected = true
      return true
    }
    var depth = 0
    while !cursor.isAtEnd {
      if cursor.byte == UInt8(ascii: "(") { depth += 1 }
      if cursor.byte == UInt8(ascii: ")") { depth -= 1 }
      cursor.advance()
      if depth == 0 { return true }
    }
    return false
  }

  private mutating func readDuration() {
    guard let seconds = cursor.decimal(), seconds < 1 << 33 else { return fail(.badDuration) }
    var nanoseconds = Int64(seconds) * 1_000_000_000
    if cursor.take(UInt8(ascii: ".")) {
      guard let fraction = cursor.fractionInNanoseconds() else { return fail(.badDuration) }
      nanoseconds += fraction
    }
    guard cursor.take(UInt8(ascii: ">")) else { return fail(.badDuration) }
    if !cursor.isAtEnd {
      cursor.skipBlanks()
      guard cursor.isAtEnd else { return fail(.trailingText) }
    }
    duration = .init(nanoseconds: nanoseconds)
  }
}
