import AddressSpaces
public import Replay
public import SyscallABI

/// Prints what the VMAs of a process share: each file with the pages that are mapped, each anon_vma
/// with its VMAs.
public struct ObjectsReport {
  private let paths: PathTable
  private let lines: MapsReport

  public init(paths: PathTable) {
    self.paths = paths
    lines = MapsReport(paths: paths)
  }

  public func append(_ image: ObjectImage, to out: inout OutputBuffer) {
    let users = image.files.reduce(0) { $0 + $1.users.count }
    out.append(
      line: "# \(Figures.count(UInt64(image.files.count), "mapped object")), in "
        + Figures.count(UInt64(users), "VMA"))
    for file in image.files {
      lines.append(name: .file(file.name), to: &out)
      out.append(" (\(Figures.count(UInt64(file.users.count), "VMA"))")
      out.append(line: file.isProgram ? ", the program)" : ")")
      for user in file.users {
        let pages = "  pages \(user.pages.lowerBound) to \(user.pages.upperBound)"
        append(pages, user.line, withName: false, &out)
      }
    }
    let written = image.anonVMAs.reduce(0) { $0 + $1.lines.count }
    out.append(
      line: "# \(Figures.count(UInt64(image.anonVMAs.count), "anon_vma")) of "
        + Figures.count(UInt64(written), "VMA"))
    for object in image.anonVMAs {
      let inherited = object.id.isForkChild ? ", inherited" : ""
      let count = Figures.count(UInt64(object.lines.count), "VMA")
      out.append(line: "anon_vma \(object.id.number) (\(count)\(inherited))")
      for line in object.lines { append("  ", line, withName: true, &out) }
    }
    let references = image.references
    out.append(
      line: "# references: files \(references.filesTaken) taken, \(references.filesDropped) "
        + "dropped; anon_vmas \(references.anonVMAsTaken) taken, "
        + "\(references.anonVMAsDropped) dropped")
  }

  private func append(
    _ start: String, _ line: MapImage.Line, withName: Bool, _ out: inout OutputBuffer
  ) {
    out.append(start)
    out.append(String(repeating: " ", count: max(2, (withName ? 2 : 28) - start.count)))
    out.append(hex: line.range.start.rawValue, width: 8)
    out.append("-")
    out.append(hex: line.range.end.rawValue, width: 8)
    out.append(" ")
    lines.append(permissions: line.flags, to: &out)
    if withName && line.name != .none {
      out.append(" ")
      lines.append(name: line.name, to: &out)
    }
    out.append("\n")
  }
}
