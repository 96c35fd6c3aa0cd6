/// A trace by its files, before it is opened.
public struct TraceInput: Hashable, Sendable {
  /// One file of `strace -ff`.
  struct ProcessFile: Hashable, Sendable {
    var path: String
    var pid: Int32
  }

  enum Files: Hashable, Sendable {
    case single(String)
    /// In the order of their pids.
    case perProcess([ProcessFile])
  }

  /// The path by which the trace was named.
  public let name: String
  let files: Files

  /// Finds the files of a trace.
  ///
  /// - Parameter path: `-`, a file, a folder with files `PREFIX.PID`, or such a PREFIX (also as
  ///   `PREFIX.*`).
  /// - Throws: `.missing` for a folder without traces. A path that does not exist is reported
  ///   when it is opened.
  public init(path: String) throws(TraceError) {
    name = path
    if path == "-" {
      files = .single(path)
      return
    }
    if Folder.isFolder(path) {
      let found = Self.processFiles(inFolder: path, prefix: nil)
      if found.isEmpty {
        throw TraceError(
          .missing, path: path, message: "is a folder without files of `strace -ff` (NAME.PID)")
      }
      files = .perProcess(found)
      return
    }
    if Folder.exists(path) {
      files = .single(path)
      return
    }
    let prefix = path.hasSuffix(".*") ? String(path.dropLast(2)) : path
    let (folder, base) = Self.split(prefix)
    let found = Self.processFiles(inFolder: folder, prefix: base)
    files = found.isEmpty ? .single(path) : .perProcess(found)
  }

  private init(name: String, files: Files) {
    self.name = name
    self.files = files
  }

  /// What to open for a trace of one file; nil for one of `strace -ff`.
  public var path: String? {
    if case .single(let path) = files { path } else { nil }
  }

  /// The same trace, of one file, read from another place.
  public func reading(from path: String) -> TraceInput {
    TraceInput(name: name, files: .single(path))
  }

  /// A trace of `strace -ff` whose files are named one by one.
  ///
  /// - Throws: `.missing` if one of them does not end in a pid.
  public init(processFiles paths: [String]) throws(TraceError) {
    name = paths.first ?? ""
    var found: [ProcessFile] = []
    for path in paths {
      guard let (_, pid) = Self.prefixAndPID(path) else {
        throw TraceError(.missing, path: path, message: "is no file of `strace -ff` (NAME.PID)")
      }
      found.append(ProcessFile(path: path, pid: pid))
    }
    files = .perProcess(found.sorted { ($0.pid, $0.path) < ($1.pid, $1.path) })
  }

  /// The traces that command-line arguments name: files `PREFIX.PID` of one PREFIX, as a shell
  /// makes them of `PREFIX.*`, are one trace, which takes the place of the first of them.
  ///
  /// A single such file is a trace of its own kind: an ordinary file.
  public static func resolve(_ arguments: [String]) throws(TraceError) -> [TraceInput] {
    var groups: [(prefix: String?, paths: [String])] = []
    for path in arguments {
      let prefix = path != "-" && !Folder.isFolder(path) ? prefixAndPID(path)?.prefix : nil
      if let prefix, let index = groups.firstIndex(where: { $0.prefix == prefix }) {
        if !groups[index].paths.contains(path) { groups[index].paths.append(path) }
      } else {
        groups.append((prefix, [path]))
      }
    }
    var inputs: [TraceInput] = []
    for group in groups {
      if group.paths.count > 1 {
        inputs.append(try TraceInput(processFiles: group.paths))
      } else {
        inputs.append(try TraceInput(path: group.paths[0]))
      }
    }
    return inputs
  }

  /// The base names of the files.
  var sourceNames: [String] {
    switch files {
    case .single: [Self.split(name).base]
    case .perProcess(let files): files.map { Self.split($0.path).base }
    }
  }

  private static func split(_ path: String) -> (folder: String, base: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let folder = slash == path.startIndex ? "/" : String(path[..<slash])
    return (folder, String(path[path.index(after: slash)...]))
  }

  /// `log` and 123 of `log.123` or `log.123.gz`.
  static func prefixAndPID(_ path: String) -> (prefix: String, pid: Int32)? {
    let name = path.hasSuffix(".gz") ? path.dropLast(3) : path[...]
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return nil }
    let digits = name[name.index(after: dot)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
      let pid = Int32(digits), pid > 0
    else { return nil }
    return (String(name[..<dot]), pid)
  }

  private static func processFiles(inFolder folder: String, prefix: String?) -> [ProcessFile] {
    var found: [ProcessFile] = []
    for name in Folder.names(in: folder) {
      guard let (namePrefix, pid) = prefixAndPID(name) else { continue }
      if let prefix, prefix != namePrefix { continue }
      found.append(ProcessFile(path: folder == "." ? name : folder + "/" + name, pid: pid))
    }
    return found.sorted { ($0.pid, $0.path) < ($1.pid, $1.path) }
  }
}
