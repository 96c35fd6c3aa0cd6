import AddressSpaces
public import Replay
public import SyscallABI

/// Prints what VMAs share: each file with the pages that are mapped, each anon_vma with its VMAs.
public struct ObjectsReport {
  private let paths: PathTable
  private let lines: MapsReport

  public init(paths: PathTable) {
    self.paths = paths
    lines = MapsReport(paths: paths)
  }

  public func append(_ image: ObjectImage, to out: inout OutputBuffer) {
    if image.scope == .all {
      let all = image.spaces.map { pids(of: $0, separator: "=") }.joined(separator: " ")
      out.append(line: "# \(Figures.count(UInt64(image.spaces.count), "address space")): \(all)")
    }
    let users = image.files.reduce(0) { $0 + $1.users.count + $1.nonLinearUsers.count }
    out.append(
      line: "# \(Figures.count(UInt64(image.files.count), "mapped object")), in "
        + Figures.count(UInt64(users), "VMA"))
    for file in image.files { append(file, of: image, to: &out) }
    appendAnonVMAs(of: image, to: &out)
    for space in image.spaces {
      guard let count = space.exeFileVMAs else { continue }
      let whose = showsSpaces(image) ? " of \(pids(of: space, separator: "="))" : ""
      out.append(line: "# num_exe_file_vmas\(whose): \(Figures.grouped(count))")
    }
    let references = image.references
    out.append(
      line: "# references: files \(references.filesTaken) taken, \(references.filesDropped) "
        + "dropped; anon_vmas \(references.anonVMAsTaken) taken, "
        + "\(references.anonVMAsDropped) dropped")
  }

  /// Prints the VMAs that show one page of a file.
  ///
  /// - Parameters:
  ///   - file: a path, or the last part of one.
  /// - Returns: false if no such file is mapped.
  public func append(
    page: UInt64, of file: String, in image: ObjectImage, to out: inout OutputBuffer
  ) -> Bool {
    let exact = image.files.indices.filter { paths.text(of: image.files[$0].name) == file }
    let found =
      !exact.isEmpty || file.contains("/")
      ? exact
      : image.files.indices.filter {
        paths.text(of: image.files[$0].name).split(separator: "/").last.map(String.init) == file
      }
    for position in found {
      let users = image.users(ofPage: page, of: position)
      lines.append(name: .file(image.files[position].name), to: &out)
      out.append(line: " page \(page): \(count(users, in: image))")
      for user in users { append(user, of: image, to: &out) }
    }
    return !found.isEmpty
  }

  private func append(
    _ file: ObjectImage.File, of image: ObjectImage, to out: inout OutputBuffer
  ) {
    lines.append(name: .file(file.name), to: &out)
    out.append(" (\(count(file.users + file.nonLinearUsers, in: image))")
    if !file.programOf.isEmpty {
      out.append(", the program")
      if showsSpaces(image) {
        let whose = file.programOf.map { pids(of: image.spaces[$0], separator: " ") }
        out.append(" of \(whose.joined(separator: " "))")
      }
    }
    out.append(line: ")")
    for user in file.users + file.nonLinearUsers { append(user, of: image, to: &out) }
  }

  private func appendAnonVMAs(of image: ObjectImage, to out: inout OutputBuffer) {
    let own = Set(image.anonVMAs.flatMap(\.users).filter { $0.anonVMA != nil }.map(Place.init))
    out.append(
      line: "# \(Figures.count(UInt64(image.anonVMAs.count), "anon_vma")) of "
        + Figures.count(UInt64(own.count), "VMA"))
    for (number, object) in image.anonVMAs.enumerated() {
      out.append("anon_vma \(number + 1) (\(count(object.users, in: image))")
      if object.origin == nil {
        out.append(image.scope == .all ? ", of a process that is gone" : ", inherited")
      } else if showsSpaces(image), let origin = object.origin {
        out.append(", of \(pids(of: image.spaces[origin], separator: "="))")
      }
      out.append(line: ")")
      for user in object.users {
        append(pidColumn(user, image), user.line, withName: true, &out)
        if user.anonVMA != number, let own = user.anonVMA {
          out.append(", has anon_vma \(own + 1)")
        }
        out.append("\n")
      }
    }
  }

  private func append(
    _ user: ObjectImage.User, of image: ObjectImage, to out: inout OutputBuffer
  ) {
    let column = pidColumn(user, image)
    let pages =
      user.line.flags.contains(.nonLinear)
      ? "any page" : "pages \(user.pages.lowerBound) to \(user.pages.upperBound)"
    let padding = String(repeating: " ", count: max(2, 26 - pages.count))
    append(column + pages + padding, user.line, withName: false, &out)
    out.append("\n")
  }

  private func append(
    _ start: String, _ line: MapImage.Line, withName: Bool, _ out: inout OutputBuffer
  ) {
    out.append(start)
    out.append(hex: line.range.start.rawValue, width: 8)
    out.append("-")
    out.append(hex: line.range.end.rawValue, width: 8)
    out.append(" ")
    lines.append(permissions: line.flags, to: &out)
    if withName && line.name != .none {
      out.append(" ")
      lines.append(name: line.name, to: &out)
    }
  }

  // MARK: Whose

  private func showsSpaces(_ image: ObjectImage) -> Bool { image.spaces.count > 1 }

  private struct Place: Hashable {
    var space: Int
    var start: Address

    init(_ user: ObjectImage.User) {
      space = user.space
      start = user.line.range.start
    }
  }

  private func count(_ users: [ObjectImage.User], in image: ObjectImage) -> String {
    let vmas = Figures.count(UInt64(users.count), "VMA")
    if !showsSpaces(image) { return vmas }
    let spaces = Set(users.map(\.space)).count
    return vmas + " of " + Figures.count(UInt64(spaces), "address space")
  }

  /// The processes that use an address space.
  private func pids(of space: ObjectImage.Space, separator: String) -> String {
    space.processes.map { "\($0.pid.rawValue)" }.joined(separator: separator)
  }

  private func pidColumn(_ user: ObjectImage.User, _ image: ObjectImage) -> String {
    if !showsSpaces(image) { return "  " }
    let pid = pids(of: image.spaces[user.space], separator: "=")
    return "  " + pid + String(repeating: " ", count: max(2, 9 - pid.count))
  }
}
