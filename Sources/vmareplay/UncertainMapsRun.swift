import ArgumentParser
import Replay
import Reports
import SyscallABI
import TraceReading

/// Prints maps of which every border is marked: certain, or in doubt.
struct UncertainMapsRun {
  let trace: TraceInput
  let selection: MapObserver.Selection
  let asJSON: Bool
  let arguments: ReplayArguments
  let strict: Bool
  let limit: (TraceReader) throws -> ReplayLimit?

  func run() throws {
    let paths = PathTable()
    var work = TraceReplay(
      trace: trace, paths: paths, arguments: arguments, strict: strict, limit: limit,
      observer: UncertainMapObserver(selection))
    let result = try arguments.index.run(&work)
    var images = result.observer.images
    var isForAll = false
    if case .all = selection { isForAll = true }
    if !isForAll { images = Array(images.prefix(1)) }
    if images.isEmpty, let pid = arguments.pid, result.status == .done {
      throw Diagnostics.noProcess(pid, in: trace.name)
    }
    let report = UncertainMapsReport(paths: paths)
    var out = OutputBuffer()
    if asJSON {
      report.appendJSON(images, to: &out)
    } else {
      for image in images {
        if isForAll { out.append(line: "# maps \(image.process.pid.rawValue)") }
        report.append(image, to: &out)
      }
    }
    try Output.standard.write(&out)
    if result.status != .done { throw result.status.code }
  }
}
