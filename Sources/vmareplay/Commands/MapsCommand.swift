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
    help: """
      Print what VMAs share instead: files with the pages mapped, anon_vmas, references; of all \
      processes that live at the moment (when the log has shown all end: just before the first \
      ends), with --pid or --all of each alone.
      """)
  var objects = false

  @Option(
    help: ArgumentHelp(
      "With --objects: only who maps this page of a file, counted from 0.",
      valueName: "file:page"))
  var page: FilePage?

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
    if page != nil && !objects {
      throw ValidationError("--page asks who maps a page of a file: it needs --objects.")
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
    if objects {
      return try ObjectsRun(
        trace: traceArgument.input(), selection: all || arguments.pid != nil ? selection : nil,
        all: all, page: page, arguments: arguments, strict: traceOptions.strict,
        limit: replayLimit
      ).run()
    }
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
    if let pid = arguments.pid, !found, result.status == .done {
      throw Diagnostics.noProcess(pid, in: traceArgument.name)
    }
    if result.status != .done { throw result.status.code }
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
