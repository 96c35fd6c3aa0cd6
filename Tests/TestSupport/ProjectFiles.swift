public import Foundation

/// The files of the checkout that the tests were built from.
public enum ProjectFiles {
  public static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// All files below `folder` whose name ends in `suffix`, in order.
  public static func files(below folder: String, suffix: String) throws -> [URL] {
    let base = root.appending(path: folder)
    guard let names = FileManager.default.enumerator(atPath: base.path) else {
      throw CocoaError(.fileNoSuchFile)
    }
    return names.compactMap { $0 as? String }.filter { $0.hasSuffix(suffix) }.sorted()
      .map { base.appending(path: $0) }
  }

  public static func text(of file: URL) throws -> String {
    try String(contentsOf: file, encoding: .utf8)
  }

  /// The bundled recordings.
  public static func traces() throws -> [URL] { try files(below: "Traces", suffix: ".strace.gz") }
}
