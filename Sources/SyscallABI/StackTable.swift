/// A stack of calls in the program, interned in a `StackTable`.
public struct StackID: Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The log shows no stack.
  public static let none = StackID(rawValue: 0)
}

/// The stacks that a log of `strace -k` shows, each kept once.
///
/// Not thread-safe: it belongs to one reader, and to who reads its results later.
public final class StackTable {
  private var frames: [String] = []
  private var frameIDs: [String: UInt32] = [:]
  private var stacks: [[UInt32]] = [[]]
  private var stackIDs: [[UInt32]: StackID] = [:]

  public init() {}

  /// No stack has been seen.
  public var isEmpty: Bool { stacks.count == 1 }

  /// The number of a frame with this text.
  public func intern(frame: String) -> UInt32 {
    if let id = frameIDs[frame] { return id }
    let id = UInt32(frames.count)
    frames.append(frame)
    frameIDs[frame] = id
    return id
  }

  /// The stack of these frames, the innermost first.
  public func intern(_ stack: [UInt32]) -> StackID {
    if stack.isEmpty { return .none }
    if let id = stackIDs[stack] { return id }
    let id = StackID(rawValue: UInt32(stacks.count))
    stacks.append(stack)
    stackIDs[stack] = id
    return id
  }

  /// The frames of a stack, the innermost first; empty for `.none`.
  public subscript(id: StackID) -> [String] {
    stacks[Int(id.rawValue)].map { frames[Int($0)] }
  }
}

/// The stack of the call at a position of `TraceBatch.items`.
public struct StackMark: Sendable, BitwiseCopyable {
  public var item: Int
  public var stack: StackID

  public init(item: Int, stack: StackID) {
    self.item = item
    self.stack = stack
  }
}
