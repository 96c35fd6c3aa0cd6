import Synchronization

/// The paths that a trace names, each stored once.
///
/// A path is bytes: Linux file names need not be UTF-8. An id stays valid as long as the table.
/// Threads may share a table; which of two new paths gets the lower id then depends on them.
public final class PathTable: Sendable {
  private let state = Mutex(State())

  private struct State {
    var ids: [Key: FileID] = [:]
    var entries: [Key] = [Key(bytes: [], isDeleted: false)]
  }

  private struct Key: Hashable {
    var bytes: [UInt8]
    var isDeleted: Bool
  }

  public init() {}

  /// The id of a path; the same for the same bytes and mark.
  ///
  /// - Complexity: O(1) lookups, O(length) hashing.
  public func intern(_ bytes: [UInt8], isDeleted: Bool = false) -> FileID {
    let key = Key(bytes: bytes, isDeleted: isDeleted)
    return state.withLock { state in
      if let id = state.ids[key] { return id }
      let id = FileID(UInt32(state.entries.count))
      state.entries.append(key)
      state.ids[key] = id
      return id
    }
  }

  public func intern(_ text: String, isDeleted: Bool = false) -> FileID {
    intern(Array(text.utf8), isDeleted: isDeleted)
  }

  /// The number of ids given out, `.none` included.
  public var count: Int { state.withLock { $0.entries.count } }

  /// The bytes of a path, without a deleted mark.
  public func bytes(of id: FileID) -> [UInt8] {
    state.withLock { $0.entries[Int(id.rawValue)].bytes }
  }

  /// Whether the file was deleted when the log named it.
  public func isDeleted(_ id: FileID) -> Bool {
    state.withLock { $0.entries[Int(id.rawValue)].isDeleted }
  }

  /// The path as text; bytes that are not UTF-8 are replaced.
  public func text(of id: FileID) -> String { String(decoding: bytes(of: id), as: UTF8.self) }
}
