// Numbers are read eight digits at a time: a line has about forty digits, and a loop over them
// would be a third of the time that a line takes.

extension ByteCursor {
  /// The number of decimal digits at the start of `word`, 0 to 8.
  @inline(__always)
  static func digitCount(_ word: UInt64) -> Int {
    let x = word ^ 0x3030_3030_3030_3030
    let other = ((x &+ 0x7676_7676_7676_7676) | x) & 0x8080_8080_8080_8080
    return other.trailingZeroBitCount >> 3
  }

  /// The value of the first `count` bytes of `word`, which are decimal digits.
  @inline(__always)
  static func decimalValue(_ word: UInt64, _ count: Int) -> UInt64 {
    var x = (word ^ 0x3030_3030_3030_3030) << UInt64(64 - 8 * count)
    x = (x &* 10 &+ (x >> 8)) & 0x00ff_00ff_00ff_00ff
    x = (x &* 100 &+ (x >> 16)) & 0x0000_ffff_0000_ffff
    return (x &* 10_000 &+ (x >> 32)) & 0xffff_ffff
  }

  @inline(__always)
  static func powerOfTen(_ exponent: Int) -> UInt64 {
    switch exponent {
    case 0: 1
    case 1: 10
    case 2: 100
    case 3: 1_000
    case 4: 10_000
    case 5: 100_000
    case 6: 1_000_000
    case 7: 10_000_000
    case 8: 100_000_000
    default: 1_000_000_000
    }
  }

  /// Reads decimal digits; nil if there are none or if the value needs more than 64 bits.
  @inline(__always)
  mutating func decimal() -> UInt64? {
    let word = self.word
    let digits = Self.digitCount(word)
    if digits == 0 { return nil }
    let value = Self.decimalValue(word, digits)
    pass(digits)
    return digits < 8 ? value : decimal(after: value)
  }

  private mutating func decimal(after start: UInt64) -> UInt64? {
    var value = start
    while true {
      let word = self.word
      let digits = Self.digitCount(word)
      if digits == 0 { return value }
      let (product, overflow) = value.multipliedReportingOverflow(by: Self.powerOfTen(digits))
      let (sum, carry) = product.addingReportingOverflow(Self.decimalValue(word, digits))
      if overflow || carry { return nil }
      value = sum
      pass(digits)
      if digits < 8 { return value }
    }
  }

  /// Reads hexadecimal digits; nil if there are none or if the value needs more than 64 bits.
  @inline(__always)
  mutating func hexadecimal() -> UInt64? {
    let (value, digits) = Self.hexadecimal(word)
    if digits == 0 { return nil }
    pass(digits)
    return digits < 8 ? value : hexadecimal(after: value)
  }

  @inline(__always)
  private mutating func hexadecimal(after start: UInt64) -> UInt64? {
    var value = start
    while true {
      let (part, digits) = Self.hexadecimal(word)
      if digits == 0 { return value }
      if value.leadingZeroBitCount < digits * 4 { return nil }
      value = value << UInt64(digits * 4) | part
      pass(digits)
      if digits < 8 { return value }
    }
  }

  /// The value and the number (0 to 8) of the hexadecimal digits at the start of `word`.
  @inline(__always)
  static func hexadecimal(_ word: UInt64) -> (value: UInt64, digits: Int) {
    let high: UInt64 = 0x8080_8080_8080_8080
    let x = word ^ 0x3030_3030_3030_3030
    let notDecimal = (x &+ 0x7676_7676_7676_7676) | x
    // Letters: 1 to 6 after folding the case and taking off 0x60.
    let y = (word | 0x2020_2020_2020_2020) ^ 0x6060_6060_6060_6060
    let notLetter = (y &+ 0x7979_7979_7979_7979) | y | ~(y &+ 0x7f7f_7f7f_7f7f_7f7f)
    let digits = (notDecimal & notLetter & high).trailingZeroBitCount >> 3
    if digits == 0 { return (0, 0) }
    let nibbles =
      (word & 0x0f0f_0f0f_0f0f_0f0f) &+ ((word >> 6) & 0x0101_0101_0101_0101) &* 9
    var v = nibbles << UInt64(64 - 8 * digits)
    v = (v << 4 | v >> 8) & 0x00ff_00ff_00ff_00ff
    v = (v << 8 | v >> 16) & 0x0000_ffff_0000_ffff
    v = (v << 16 | v >> 32) & 0xffff_ffff
    return (v, digits)
  }

  /// Reads an integer as strace prints one: decimal, `0x…`, negative, or `NULL`.
  ///
  /// Negative numbers come out in two's complement. Nil if there is none here, or if it needs
  /// more than 64 bits; the cursor then stands where the trouble is.
  @inline(__always)
  mutating func integer() -> UInt64? {
    let word = self.word
    if word & 0xffff == 0x7830 {  // "0x"
      let start = self
      pass(2)
      if let value = hexadecimal() { return value }
      self = start
      return nil
    }
    if word & 0xffff_ffff == 0x4c4c_554e {  // "NULL"
      pass(4)
      return 0
    }
    if byte == UInt8(ascii: "-") {
      advance()
      guard let value = decimal() else { return nil }
      return 0 &- value
    }
    return decimal()
  }

  /// Reads up to nine digits after a point as nanoseconds; further digits are passed over.
  @inline(__always)
  mutating func fractionInNanoseconds() -> Int64? {
    let word = self.word
    let digits = Self.digitCount(word)
    if digits == 0 { return nil }
    var value = Self.decimalValue(word, digits) &* Self.powerOfTen(9 - digits)
    pass(digits)
    if digits == 8 {
      let ninth = byte &- UInt8(ascii: "0")
      if ninth < 10 { value &+= UInt64(ninth) }
      while byte &- UInt8(ascii: "0") < 10 { advance() }
    }
    return Int64(value)
  }

  @inline(__always)
  var isAtDigit: Bool { byte &- UInt8(ascii: "0") < 10 }
}
