import SyscallABI

/// Reads the arguments of one call, one after another, in whatever style strace printed them.
///
/// The first failure sticks: all later reads return zeros, and the caller looks at `problem` once
/// at the end. Arguments that a first half (`<unfinished ...>`) does not show are zeros as well;
/// `missing` counts them.
struct ArgumentReader {
  enum State: UInt8 {
    /// Another argument may follow.
    case open
    /// The closing parenthesis has been read.
    case closed
    /// The text ends in `<unfinished ...>` or its like; the cursor stands on the `<`.
    case unfinished
  }

  var cursor: ByteCursor
  private(set) var state = State.open
  private(set) var problem: Problem?
  /// The number of arguments that were asked for and are not in this half of the call.
  private(set) var missing = 0
  /// The last number was spelled in hexadecimal.
  private(set) var wasHexadecimal = false
  private var isInStructure = false

  /// - Parameter cursor: right behind the opening parenthesis.
  init(_ cursor: ByteCursor) {
    self.cursor = cursor
    switch cursor.byte {
    case UInt8(ascii: ")"):
      self.cursor.advance()
      state = .closed
    case UInt8(ascii: "<"), UInt8(ascii: " "):
      self.cursor.skipBlanks()
      if self.cursor.take(UInt8(ascii: ")")) {
        state = .closed
      } else if self.cursor.byte == UInt8(ascii: "<") {
        state = .unfinished
      }
    default: break
    }
  }

  @inline(never)
  mutating func fail(_ kind: Problem.Kind, _ symbol: SymbolKind = .none) {
    if problem == nil { problem = Problem(kind: kind, position: cursor, symbol: symbol) }
  }

  @inline(never)
  mutating func fail(_ kind: Problem.Kind, at position: ByteCursor) {
    if problem == nil { problem = Problem(kind: kind, position: position) }
  }

  /// Goes to the start of the next argument's value; false if there is none.
  mutating func begin() -> Bool {
    if state != .open {
      missingArgument()
      return false
    }
    // A name, as -N prints it (`addr=`); values never start with a lower-case letter.
    if cursor.byte >= UInt8(ascii: "_") { skipName() }
    return problem == nil
  }

  @inline(never)
  private mutating func missingArgument() {
    if state == .unfinished { missing += 1 } else { fail(.tooFewArguments) }
  }

  @inline(never)
  private mutating func skipName() {
    let start = cursor
    while Self.isNameByte(cursor.byte) { cursor.advance() }
    if !cursor.take(UInt8(ascii: "=")) { cursor = start }
  }

  static func isNameByte(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_") || byte &- UInt8(ascii: "0") < 10
      || byte &- UInt8(ascii: "A") < 26
  }

  /// Goes behind the argument whose value has just been read.
  mutating func end() {
    if cursor.word & 0xffff == 0x202c {  // ", "
      cursor.advance(2)
      // A first half may end behind a comma.
      if cursor.byte == UInt8(ascii: "<") || cursor.byte == UInt8(ascii: " ") { endOfHalf() }
    } else if cursor.byte == UInt8(ascii: ")") {
      cursor.advance()
      state = .closed
    } else {
      endSlowly()
    }
  }

  @inline(never)
  private mutating func endSlowly() {
    skipRemarks()
    if isInStructure, cursor.take(UInt8(ascii: "}")) { isInStructure = false }
    cursor.skipBlanks()
    if cursor.take(UInt8(ascii: ",")) {
      endOfHalf()
    } else if cursor.take(UInt8(ascii: ")")) {
      state = .closed
    } else if cursor.byte == UInt8(ascii: "<") {
      state = .unfinished
    } else {
      fail(.badSeparator)
    }
  }

  @inline(never)
  private mutating func endOfHalf() {
    cursor.skipBlanks()
    if cursor.byte == UInt8(ascii: "<") { state = .unfinished }
  }

  /// Goes behind ` /* … */`, `<comm>` and a security context ` [user:role:type]`.
  mutating func skipRemarks() {
    while true {
      let start = cursor
      let isWhole: Bool
      if cursor.byte == UInt8(ascii: "<"), cursor.previousByte != UInt8(ascii: " ") {
        isWhole = cursor.skipAnnotation()
      } else if cursor.starts(with: " /*") {
        isWhole = cursor.skipComment()
      } else if cursor.starts(with: " [") {
        isWhole = cursor.skip(to: UInt8(ascii: "]"))
        cursor.advance()
      } else {
        return
      }
      if !isWhole { return fail(.badString, at: start) }
    }
  }

  /// Steps into a structure that stands for all arguments (`old_mmap({addr, …})`).
  mutating func enterStructure() {
    if state == .open, cursor.take(UInt8(ascii: "{")) { isInStructure = true }
  }

  /// Checks that no argument is left.
  mutating func finish() {
    if state == .open { fail(.tooManyArguments) }
  }

  /// Passes over one argument, whatever it is.
  mutating func skip() {
    guard begin() else { return }
    skipValue()
    if problem == nil { end() }
  }

  /// Passes over all arguments that are left.
  mutating func skipRest() {
    while state == .open && problem == nil {
      skipValue()
      if problem == nil { end() }
    }
  }

  /// Passes over a value: to a comma, brace or parenthesis that does not belong to it, or to the
  /// end of a first half.
  mutating func skipValue() {
    var depth = 0
    while true {
      let start = cursor
      switch cursor.byte {
      case UInt8(ascii: "\n"):
        if cursor.isAtEnd { return fail(.tooFewArguments) }
      case UInt8(ascii: "\""):
        guard cursor.skipString() else { return fail(.badString, at: start) }
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "("):
        depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ")"):
        if depth == 0 { return }
        depth -= 1
      case UInt8(ascii: ","):
        if depth == 0 { return }
      case UInt8(ascii: "/"):
        if cursor.byte(at: 1) == UInt8(ascii: "*") {
          guard cursor.skipComment() else { return fail(.badString, at: start) }
          continue
        }
      case UInt8(ascii: "<"):
        let before = cursor.previousByte
        if before == UInt8(ascii: " ") && HalfEnd(at: cursor) != nil { return }
        if before &- UInt8(ascii: "0") < 10 || before == UInt8(ascii: "D") {
          guard cursor.skipAnnotation() else { return fail(.badString, at: start) }
          continue
        }
      default: break
      }
      cursor.advance()
    }
  }

  mutating func noteHexadecimal(_ isHexadecimal: Bool) { wasHexadecimal = isHexadecimal }
}

/// How a line shows that a call goes on elsewhere or never ends.
enum HalfEnd {
  /// `<unfinished ...>`, `<unfinished ... exit status 0>`, `<detached ...>`,
  /// `<pid changed to N ...>`.
  case unfinished

  init?(at cursor: ByteCursor) {
    if cursor.starts(with: "<unfinished ...") || cursor.starts(with: "<detached ...")
      || cursor.starts(with: "<pid changed to ")
    {
      self = .unfinished
    } else {
      return nil
    }
  }
}
