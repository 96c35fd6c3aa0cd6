/// Takes out of a line what the recorder itself has put there: the mark of an injected delay.
enum DelayMark {
  private static let mark = Array(" (DELAYED)".utf8)

  /// Whether a line that shows an execve, or its second half, ends with the result 0.
  static func hasSucceeded(_ line: ArraySlice<UInt8>) -> Bool {
    var rest = line
    if let duration = durationRange(rest) { rest = rest[..<duration.lowerBound] }
    if rest.hasSuffix(mark) { rest = rest.dropLast(mark.count) }
    return rest.hasSuffix(Array("= 0".utf8))
  }

  /// The line without its mark, and with a duration that leaves the delay out; nil if there is no
  /// mark. strace measures most durations before it delays: only one that is at least as long as
  /// the delay can contain it.
  static func removed(from line: ArraySlice<UInt8>, delayMicroseconds: Int) -> [UInt8]? {
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
      let open = line.lastIndex(of: UInt8(ascii: "<")), open > line.startIndex,
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
}
