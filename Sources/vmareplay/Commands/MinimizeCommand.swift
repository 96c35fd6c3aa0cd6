import ArgumentParser
import Replay
import SystemPackage
import TraceReading

/// Makes the shortest trace that shows what `verify` found wrong.
struct MinimizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "minimize",
    abstract: "Make the shortest trace for which verify still finds the same difference.",
    discussion: """
      Takes the first difference that verify finds, a result or a place of a recorded map, and \
      leaves out lines as long as it stays and no result before it becomes wrong. Of the recorded \
      maps only the mappings that matter are left.
      """)

  @Argument(help: "The trace: a file, gzip or plain, or - for stdin.")
  var trace: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The file to write, as plain text; - for stdout.", valueName: "file"))
  var output: String

  @OptionGroup var arguments: ReplayArguments

  func run() throws {
    Platform.ignoreBrokenPipes()
    let lines: [[UInt8]]
    do throws(TraceError) { lines = try TraceText.lines(of: trace) } catch {
      throw TraceSession.report(error)
    }
    let input = try TwoPassInput(arguments, of: try [trace].traceInputs()[0])
    defer { input.close() }
    let arguments = input.arguments
    if let list = try arguments.readFaults(isFilePerProcess: false), list.hasLines {
      Diagnostics.error("a list of faults with @LINE does not fit a trace that loses lines")
      throw ExitStatus.usage.code
    }
    let search = MinimizeSearch(arguments: arguments)
    guard let target = try search.target(of: lines) else {
      Diagnostics.error("\(trace): verify finds no difference")
      throw ExitStatus.noInput.code
    }
    let cut = TraceUnits(lines)
    let units = try DeltaDebugging.minimize(cut.units) { units in
      try search.has(target, in: cut.lines(of: units))
    }
    let shortest = try leaveOutMappings(of: units, cut, search, target)
    try write(shortest)
    Diagnostics.note("\(trace): \(shortest.count) of \(lines.count) lines are left")
  }

  /// The recorded maps without the mappings that do not matter.
  private func leaveOutMappings(
    of units: [[[UInt8]]], _ cut: TraceUnits, _ search: MinimizeSearch,
    _ target: MinimizeSearch.Target
  ) throws -> [[UInt8]] {
    let parts = TraceUnits.mappings(in: units)
    func lines(_ kept: [Int]) -> [[UInt8]] {
      let wanted = Set(kept)
      return cut.header
        + parts.indices.filter { parts[$0].isFixed || wanted.contains($0) }
        .flatMap { parts[$0].lines }
    }
    let all = parts.indices.filter { !parts[$0].isFixed }
    guard try search.has(target, in: lines(all)) else { return cut.lines(of: units) }
    return lines(
      try DeltaDebugging.minimize(all) { kept in try search.has(target, in: lines(kept)) })
  }

  private func write(_ lines: [[UInt8]]) throws {
    let text = lines.flatMap { $0 + [UInt8(ascii: "\n")] }
    do {
      if output == "-" {
        try FileDescriptor.standardOutput.writeAll(text)
        return
      }
      let file = try FileDescriptor.open(
        FilePath(output), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      try file.closeAfter { _ = try file.writeAll(text) }
    } catch let error as Errno {
      if error == .brokenPipe { return }
      Diagnostics.error("cannot write '\(output)': \(error)")
      throw (output == "-" ? ExitStatus.ioError : ExitStatus.cannotCreate).code
    }
  }
}
