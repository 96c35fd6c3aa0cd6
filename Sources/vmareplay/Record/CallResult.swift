/// The end of a line that shows a call: its result, its duration, and the mark that the recorder
/// itself has put there, of an injected delay.
enum CallResult {
  private static let mark = Array(" (DELAYED)".utf8)

  /// The result where the line ends with a plain number; nil for errors and unfinished calls.
  static func value(of line: ArraySlice<UInt8>) -> Int? {
    var rest = line
    if let duration = durationRange(rest) { rest = rest[..<duration.lowerBound] }
    if rest.hasSuffix(mark) { rest = rest.dropLast(mark.count) }
    let digits = rest.suffix(while: { $0 >= 48 && $0 <= 57 })
    guard rest[..<digits.startIndex].hasSuffix(Array("= ".utf8)) else { return nil }
    return Int(String(decoding: digits, as: UTF8.self))
  }

  /// The line without the mark, and with a duration that leaves the delay out; nil if there is no
  /// mark. strace measures most durations before it delays: only one that is at least as long as
  /// the delay can contain it.
  static func unmarked(_ line: ArraySlice<UInt8>, delayMicroseconds: Int) -> [UInt8]? {
    let duration = durationRange(line)
    let call = line[..<(duration?.lowerBound ?? line.endIndex)]
    guard call.hasSuffix(mark) else { return nil }
    var result = Array(call.dropLast(mark.count))
    guard let duration else { return result }
    // " <0.050321>": without the point, these digits are microseconds.
    let digits = line[duration].filter { $0 >= 48 && $0 <= 57 }
    guard let taken = Int(String(decoding: digits, as: UTF8.self)), taken >= delayMicroseconds
    else { return result + line[duration] }
    let fraction = String((taken - delayMicroseconds) % 1_000_000)
    result += Array(" <\((taken - delayMicroseconds) / 1_000_000).".utf8)
    result += Array(String(repeating: "0", count: 6 - fraction.count).utf8)
    result += Array("\(fraction)>".utf8)
    return result
  }

  /// Where ` <0.000042>` stands at the end of a line, with six digits behind the point.
  private static func durationRange(_ line: ArraySlice<UInt8>) -> Range<Int>? {
    guard line.last == UInt8(ascii: ">"),
      let open = line.suffix(24).lastIndex(of: UInt8(ascii: "<")), open > line.startIndex,
      line[open - 1] == UInt8(ascii: " ")
    else { return nil }
    let digits = line[(open + 1)..<(line.endIndex - 1)]
    guard let point = digits.firstIndex(of: UInt8(ascii: ".")), point > digits.startIndex,
      digits.endIndex - point == 7,
      digits.allSatisfy({ ($0 >= 48 && $0 <= 57) || $0 == UInt8(ascii: ".") })
    else { return nil }
    return (open - 1)..<line.endIndex
  }
}

extension ArraySlice<UInt8> {
  func hasSuffix(_ suffix: [UInt8]) -> Bool {
    count >= suffix.count && self[(endIndex - suffix.count)...].elementsEqual(suffix)
  }

  /// The longest end of which all bytes satisfy a condition.
  func suffix(while isWanted: (UInt8) -> Bool) -> ArraySlice<UInt8> {
    var start = endIndex
    while start > startIndex, isWanted(self[start - 1]) { start -= 1 }
    return self[start...]
  }
}
