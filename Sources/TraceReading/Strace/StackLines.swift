import SyscallABI

/// Puts the stack lines of `strace -k` to the calls behind which they stand.
///
/// ```
/// madvise(0x7f00, 4096, MADV_NOHUGEPAGE) = 0
///  > /usr/lib/libc.so.6(__madvise+0x7) [0x101b07]
///  > /opt/app(mark_slab(int)+0x20) [0x11ce]
/// ```
struct StackLines: ~Copyable {
  /// nil: stacks are not kept, and their lines are passed over like other messages.
  var table: StackTable?
  var areKept: Bool { table != nil }
  /// The call whose stack is being read.
  private var item: Int?
  private var source: UInt32 = 0
  private var frames: [UInt32] = []

  /// Whether a line is one of a stack.
  static func isFrame(_ line: ByteCursor) -> Bool {
    line.word & 0xff_ffff == 0x203e20 && line.count >= 3  // " > "
  }

  /// Takes the line of a frame; false for any other line, which ends the stack before it.
  mutating func take(_ line: ByteCursor, source: UInt32, into batch: inout TraceBatch) -> Bool {
    guard let table, Self.isFrame(line) else {
      end(in: &batch)
      return false
    }
    guard item != nil, self.source == source else { return true }
    var text = line
    text.advance(3)
    var bytes: [UInt8] = []
    text.rest.append(to: &bytes)
    frames.append(table.intern(frame: Self.name(String(decoding: bytes, as: UTF8.self))))
    return true
  }

  /// The last item of the batch came from a line behind which a stack may stand.
  mutating func begin(_ batch: TraceBatch, from count: Int, source: UInt32) {
    item = nil
    guard batch.items.count > count, case .completed = batch.items[batch.items.count - 1] else {
      return
    }
    item = batch.items.count - 1
    self.source = source
  }

  /// Nothing more belongs to the stack that is being read.
  mutating func end(in batch: inout TraceBatch) {
    if let item, let table, !frames.isEmpty {
      batch.stacks.append(StackMark(item: item, stack: table.intern(frames)))
    }
    item = nil
    frames.removeAll(keepingCapacity: true)
  }

  /// The function of a frame, without its offset; the file and offset where it has no name:
  ///
  /// ```
  /// /opt/app(std::vector<int, A>::push_back(int const&)+0x20) [0x11ce]   function
  /// /opt/app() [0x11ce], /opt/app(+0x11ce) [0x11ce]                      app+0x11ce
  /// [unavailable]                                                        as it is
  /// ```
  static func name(_ frame: String) -> String {
    guard let open = frame.firstIndex(of: "("), let bracket = frame.range(of: ") [0x") else {
      return frame
    }
    var function = frame[frame.index(after: open)..<bracket.lowerBound]
    if let plus = function.lastIndex(of: "+"), function[plus...].hasPrefix("+0x") {
      function = function[..<plus]
    }
    if !function.isEmpty { return String(function) }
    let file = frame[..<open].split(separator: "/").last ?? frame[..<open]
    let offset = frame[bracket.upperBound...].prefix { $0.isHexDigit }
    return "\(file)+0x\(offset)"
  }
}

extension String {
  /// The last place of `text`.
  fileprivate func range(of text: String) -> Range<Index>? {
    var end = endIndex
    while true {
      guard let start = index(end, offsetBy: -text.count, limitedBy: startIndex) else {
        return nil
      }
      if self[start..<end] == text { return start..<end }
      end = index(before: end)
    }
  }
}
