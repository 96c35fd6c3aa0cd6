public import Foundation

/// A new folder, which is removed with everything in it when nobody holds it any longer: however a
/// test ends.
public final class TemporaryFolder: Sendable {
  public let url: URL

  /// - Parameter kind: the beginning of its name.
  public init(_ kind: String) throws {
    url = FileManager.default.temporaryDirectory
      .appending(path: "\(kind)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { remove() }

  public func remove() { try? FileManager.default.removeItem(at: url) }
}
