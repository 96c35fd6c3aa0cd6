import ArgumentParser
import Replay
import Reports
import SyscallABI
import TraceReading

/// Prints an address space as `/proc/PID/maps` would.
struct MapsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "maps",
    abstract: "Print the address space of a process in the format of /proc/PID/maps.",
    discussion: """
      At the end of the log (for a process that exited: just before its exit), or right after a \
      line or a moment. With several processes in the log the first is printed; --pid chooses, \
      --all prints each under a line '# maps PID'.
      """)

  @OptionGroup var traceArgument: TraceArgument

  @Option(help: ArgumentHelp("Stop after this line of the log.", valueName: "[file:]line"))
  var atLine: LinePosition?

  @Option(help: ArgumentHelp("Stop after this time, as the log counts it.", valueName: "seconds"))
  var atTime: LogTime?

  @Flag(help: "Print every process.")
  var all = false

  @Flag(help: "Add the VmFlags line of each VMA, as smaps has it.")
  var smaps = false

  @Flag(
    help: "Put the segment that each VMA belongs to before its line: text, heap, library data ...")
  var segments = false

  @Flag(
    help: "Split it wherever a VMA may end, and say of each border whether the log settles it.")
  var uncertain = false

  @Flag(
    help: "Print what the VMAs share instead: files with the pages mapped, anon_vmas, references.")
  var objects = false

  @Option(help: "text; with --uncertain also json.")
  var format: SummaryFormat = .text

  @OptionGroup var arguments: ReplayArguments
  @OptionGroup var traceOptions: TraceOptions

  func validate() throws {
    if atLine != nil && atTime != nil {
      throw ValidationError("--at-line and --at-time name different moments: give one of them.")
    }
    if format == .json && !uncertain {
      throw ValidationError("--format json is only for --uncertain; text is what maps looks like.")
    }
    if smaps && uncertain {
      throw ValidationError("--smaps and --uncertain cannot be had together: give one of them.")
    }
    if objects && (smaps || segments || uncertain) {
      throw ValidationError("--objects stands alone: leave --smaps, --segments, --uncertain out.")
    }
    if all && arguments.pid != nil {
      throw ValidationError("--all and --pid contradict each other: give one of them.")
    }
  }

  func run() throws {
    Platform.ignoreBrokenPipes()
    if uncertain {
      return try UncertainMapsRun(
        trace: traceArgument.input(), selection: selection, asJSON: format == .json,
        arguments: arguments, strict: traceOptions.strict, limit: replayLimit
      ).run()
    }
    if objects { return try printObjects() }
    let paths = PathTable()
    let report = MapsReport(paths: paths, showsFlags: smaps, showsSegments: segments)
    let output = Output.standard
    var found = false
    var work = try TraceReplay(
      trace: traceArgument.input(), paths: paths, arguments: arguments, strict: traceOptions.strict,
      limit: replayLimit, observer: MapObserver(selection))
    work.afterBatch = { observer in
      var out = OutputBuffer()
      for image in observer.takeImages() {
        if found && !all { continue }
        found = true
        if all { out.append(line: "# maps \(image.process.pid.rawValue)") }
        report.append(image, to: &out)
        try output.drain(&out)
      }
      try output.write(&out)
    }
    let result = try arguments.index.run(&work)
    try finish(found: found, result.status)
  }

  private func printObjects() throws {
    let paths = PathTable()
    var work = try TraceReplay(
      trace: traceArgument.input(), paths: paths, arguments: arguments, strict: traceOptions.strict,
      limit: replayLimit, observer: ObjectObserver(selection))
    let result = try work.run(on: PathIndex.self)
    let report = ObjectsReport(paths: paths)
    var out = OutputBuffer()
    for image in all ? result.observer.images[...] : result.observer.images.prefix(1) {
      if all { out.append(line: "# objects \(image.process.pid.rawValue)") }
      report.append(image, to: &out)
    }
    try Output.standard.write(&out)
    try finish(found: !result.observer.images.isEmpty, result.status)
  }

  private func finish(found: Bool, _ status: ExitStatus) throws {
    if let pid = arguments.pid, !found, status == .done {
      Diagnostics.error("\(traceArgument.name): no process \(pid); 'vmareplay replay' lists them")
      throw ExitStatus.noInput.code
    }
    if status != .done { throw status.code }
  }

  private var selection: MapObserver.Selection {
    if all { return .all }
    return arguments.pid.map { .pid(PID($0)) } ?? .first
  }

  private func replayLimit(_ reader: TraceReader) throws -> ReplayLimit? {
    if let atTime { return .time(atTime.timestamp) }
    guard let atLine else { return nil }
    guard let file = atLine.file else { return .line(atLine.line, source: 0) }
    guard let source = reader.sources.firstIndex(of: file) else {
      Diagnostics.error("\(traceArgument.name): no file '\(file)' in it")
      throw ExitStatus.noInput.code
    }
    return .line(atLine.line, source: UInt32(source))
  }
}

/// `N` or `FILE:N`.
struct LinePosition: ExpressibleByArgument {
  let file: String?
  let line: UInt64

  init?(argument: String) {
    guard let last = argument.split(separator: ":").last, let line = UInt64(last) else {
      return nil
    }
    self.line = line
    let rest = argument.dropLast(last.count)
    file = rest.isEmpty ? nil : String(rest.dropLast())
  }
}

/// Seconds with up to nine decimals, taken exactly.
struct LogTime: ExpressibleByArgument {
  let timestamp: SyscallEvent.Timestamp

  init?(argument: String) {
    let parts = argument.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let seconds = Int64(parts[0]), seconds >= 0, seconds < 1 << 33 else { return nil }
    var fraction = parts.count > 1 ? String(parts[1]) : ""
    guard fraction.utf8.count <= 9 else { return nil }
    fraction += String(repeating: "0", count: 9 - fraction.utf8.count)
    guard let nanoseconds = Int64(fraction), nanoseconds >= 0 else { return nil }
    timestamp = SyscallEvent.Timestamp(nanoseconds: seconds * 1_000_000_000 + nanoseconds)
  }
}
