public import SyscallABI

/// A folder that holds the programs of a log as they were: their ELF files say what execve mapped.
///
/// Symbolic links are followed as below a root: an absolute one starts at the folder again.
public final class Sysroot {
  /// The folder.
  public let folder: String
  /// Sentences about files that are missing or cannot be used, each once, in the order of the log.
  public private(set) var warnings: [String] = []

  private let paths: PathTable
  private var programs: [FileID: ProgramImage?] = [:]
  private var files: [String: (file: LoadableFile, interpreter: [UInt8]?)?] = [:]

  /// - Parameter paths: where the names of files are interned.
  /// - Throws: `.missing` if there is no such folder.
  public init(folder: String, paths: PathTable) throws(TraceError) {
    guard Folder.isFolder(folder) else {
      throw TraceError(.missing, path: folder, message: "is no folder")
    }
    self.folder = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    self.paths = paths
  }

  /// What execve of a path maps; nil if the file cannot be used, which `warnings` then say.
  ///
  /// - Complexity: one look into each file; later calls only look up.
  public func program(at path: FileID) -> ProgramImage? {
    if let known = programs[path] { return known }
    let program = find(paths.text(of: path))
    programs[path] = .some(program)
    return program
  }

  private func find(_ path: String, depth: Int = 0) -> ProgramImage? {
    guard path.hasPrefix("/") else {
      warn("\(path): a relative path cannot be found below \(shown)")
      return nil
    }
    guard let real = resolve(path) else {
      warn("\(path): there is no such file below \(shown)")
      return nil
    }
    if depth < Self.scriptLimit, let script = scriptInterpreter(real) {
      return find(script, depth: depth + 1)
    }
    guard let (executable, linker) = read(real) else { return nil }
    var interpreter: LoadableFile?
    if let linker {
      let name = String(decoding: linker, as: UTF8.self)
      if let real = resolve(name) {
        interpreter = read(real)?.file
      } else {
        warn("\(name): there is no such file below \(shown), the interpreter of \(path)")
      }
    }
    return ProgramImage(
      executable: executable, interpreter: interpreter, isDynamic: linker != nil)
  }

  /// So often may a script name another script.
  private static let scriptLimit = 4
  /// So often may a symbolic link lead to another one (MAXSYMLINKS).
  private static let linkLimit = 40

  private var shown: String { folder.isEmpty ? "/" : folder }

  private func warn(_ sentence: String) {
    if !warnings.contains(sentence) { warnings.append(sentence) }
  }

  /// What is read of a file: headers and the name of the interpreter are at its beginning.
  private func beginning(of real: String) -> [UInt8]? {
    (try? FileSource.beginning(of: folder + real, count: 1 << 16)) ?? nil
  }

  /// The path after `#!`.
  private func scriptInterpreter(_ real: String) -> String? {
    guard let bytes = beginning(of: real), bytes.starts(with: Array("#!".utf8)) else { return nil }
    let line = bytes.dropFirst(2).prefix { $0 != UInt8(ascii: "\n") }
    let word = line.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
      .prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
    return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
  }

  /// - Parameter real: a path below the folder without symbolic links.
  private func read(_ real: String) -> (file: LoadableFile, interpreter: [UInt8]?)? {
    if let known = files[real] { return known }
    var found: (file: LoadableFile, interpreter: [UInt8]?)?
    do throws(ELFError) {
      guard let bytes = beginning(of: real) else { throw ELFError("cannot be read") }
      let elf = try ELFFile(bytes)
      found = (try elf.layout(name: paths.intern(real)), elf.interpreter)
    } catch {
      warn("\(folder)\(real) \(error.message)")
    }
    files[real] = .some(found)
    return found
  }

  /// The path below the folder without symbolic links, `.` and `..`; nil if there is no such file.
  ///
  /// Linux: `link_path_walk` after `chroot`.
  func resolve(_ path: String) -> String? {
    var rest = path.split(separator: "/").map(String.init)
    var done: [String] = []
    var links = 0
    while !rest.isEmpty {
      let name = rest.removeFirst()
      if name == "." { continue }
      if name == ".." {
        _ = done.popLast()
        continue
      }
      let candidate = folder + "/" + (done + [name]).joined(separator: "/")
      if let target = Folder.linkTarget(candidate) {
        links += 1
        if links > Self.linkLimit { return nil }
        if target.hasPrefix("/") { done = [] }
        rest = target.split(separator: "/").map(String.init) + rest
      } else {
        done.append(name)
      }
    }
    let real = "/" + done.joined(separator: "/")
    return Folder.exists(folder + real) && !Folder.isFolder(folder + real) ? real : nil
  }
}
