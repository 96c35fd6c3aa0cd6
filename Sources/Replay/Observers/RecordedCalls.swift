import AddressSpaces

/// Recorded calls by their numbers; 0 is no call.
///
/// Kept in pieces: growing copies nothing, and a copy shares what neither side has changed since.
struct RecordedCalls: Sendable {
  private var pieces: [[RecordedCall?]] = [[nil]]
  /// The number that the next call gets.
  private(set) var count = 1

  private static let piece = 256

  subscript(id: CallID) -> RecordedCall? {
    get { pieces[Int(id.rawValue) / Self.piece][Int(id.rawValue) % Self.piece] }
    set { pieces[Int(id.rawValue) / Self.piece][Int(id.rawValue) % Self.piece] = newValue }
  }

  mutating func append(_ call: RecordedCall) -> CallID {
    if count % Self.piece == 0 {
      pieces.append([])
      pieces[pieces.count - 1].reserveCapacity(Self.piece)
    }
    pieces[pieces.count - 1].append(call)
    count += 1
    return CallID(UInt32(count - 1))
  }
}
