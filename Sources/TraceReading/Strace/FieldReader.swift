import SyscallABI

/// Reads a structure, `{name=value, …}`, field by field.
struct FieldReader {
  enum Field {
    case flags, stack, stackSize, softLimit, hardLimit, base, length
    case other
  }

  private(set) var cursor: ByteCursor
  private(set) var problem: Problem?

  /// - Parameter cursor: at the opening brace.
  init(_ cursor: ByteCursor) {
    self.cursor = cursor
    self.cursor.advance()
  }

  /// Goes to the value of the next field; nil behind the closing brace.
  mutating func next() -> Field? {
    if problem != nil { return nil }
    // What is left of the last field (`a->b`, comments, nested structures) is passed over.
    while true {
      switch cursor.byte {
      case UInt8(ascii: "}"):
        cursor.advance()
        return nil
      case UInt8(ascii: ","), UInt8(ascii: " "):
        if cursor.starts(with: " /*") {
          guard cursor.skipComment() else { return fail(cursor) }
          continue
        }
        cursor.advance()
        continue
      default: break
      }
      let start = cursor
      while ArgumentReader.isNameByte(cursor.byte) { cursor.advance() }
      let name = start.slice(to: cursor)
      if cursor.take(UInt8(ascii: "=")) { return Self.field(name) }
      // An unnamed value or the rest of one.
      cursor = start
      guard skipValue() else { return fail(start) }
    }
  }

  /// By comparing bytes: a string would be made of every field of every clone3.
  private static func field(_ name: ByteSlice) -> Field {
    for index in names.indices {
      let (text, field) = names[index]
      if name.count == text.utf8CodeUnitCount && name.hasSuffix(text) { return field }
    }
    return .other
  }

  private static let names: InlineArray<7, (StaticString, Field)> = [
    ("flags", .flags), ("stack", .stack), ("stack_size", .stackSize), ("rlim_cur", .softLimit),
    ("rlim_max", .hardLimit), ("iov_base", .base), ("iov_len", .length),
  ]

  private mutating func fail(_ position: ByteCursor) -> Field? {
    if problem == nil { problem = Problem(kind: .badStructure, position: position) }
    return nil
  }

  private mutating func skipValue() -> Bool {
    var arguments = ArgumentReader(cursor)
    arguments.skipValue()
    if arguments.problem != nil || arguments.cursor.distance(from: cursor) == 0 { return false }
    cursor = arguments.cursor
    return true
  }

  mutating func number() -> UInt64 {
    guard let value = cursor.integer() else {
      if problem == nil { problem = Problem(kind: .badNumber, position: cursor) }
      return 0
    }
    return value
  }

  mutating func flags(_ kind: SymbolKind, in symbols: borrowing SymbolTable) -> UInt64 {
    var value: UInt64 = 0
    repeat {
      if let bits = symbols.take(kind, from: &cursor) {
        value |= bits
      } else if let bits = cursor.integer() {
        value |= bits
      } else {
        if problem == nil {
          problem = Problem(kind: .unknownName, position: cursor, symbol: kind)
        }
        return 0
      }
      if cursor.starts(with: " /*") { _ = cursor.skipComment() }
    } while cursor.take(UInt8(ascii: "|"))
    return value
  }

  /// A limit: `1024`, `8192*1024`, `RLIM64_INFINITY`, or a number with one of them as a comment.
  mutating func limit(in symbols: borrowing SymbolTable) -> UInt64 {
    if let value = symbols.take(.limit, from: &cursor) { return value }
    let value = number()
    guard cursor.take(UInt8(ascii: "*")) else { return value }
    let (product, overflow) = value.multipliedReportingOverflow(by: number())
    return overflow ? .max : product
  }
}

extension ArgumentReader {
  /// Reads `[{iov_base=0x1000, iov_len=4096}, …]`; the cursor stays before it.
  mutating func vector(into vectors: inout [IOVec]) {
    var cursor = self.cursor
    guard cursor.take(UInt8(ascii: "[")) else {
      if !cursor.isAtDigit && cursor.byte != UInt8(ascii: "N") { fail(.badStructure) }
      return
    }
    while cursor.byte == UInt8(ascii: "{") {
      var vector = IOVec(base: .zero, length: 0)
      var fields = FieldReader(cursor)
      while let name = fields.next() {
        switch name {
        case .base: vector.base = Address(fields.number())
        case .length: vector.length = fields.number()
        default: break
        }
      }
      if let problem = fields.problem { return fail(problem.kind, at: problem.position) }
      vectors.append(vector)
      cursor = fields.cursor
      if !cursor.take(", ") { break }
    }
    if cursor.starts(with: "...") { cursor.advance(3) }
    if cursor.byte != UInt8(ascii: "]") { fail(.badStructure, at: cursor) }
  }
}
