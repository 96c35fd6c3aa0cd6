import Replay
import Reports
import SyscallABI
import TraceReading

/// Prints what VMAs share, of all processes at one moment or of each alone.
struct ObjectsRun {
  let trace: TraceInput
  /// nil for all processes that live at the moment.
  let selection: MapObserver.Selection?
  let all: Bool
  /// Only who maps this page.
  let page: FilePage?
  let arguments: ReplayArguments
  let strict: Bool
  let limit: (TraceReader) throws -> ReplayLimit?

  func run() throws {
    let paths = PathTable()
    var work = TraceReplay(
      trace: trace, paths: paths, arguments: arguments, strict: strict, limit: limit,
      observer: ObjectObserver(selection))
    let result = try work.run(on: PathIndex.self)
    let images = result.observer.images
    if images.isEmpty, let pid = arguments.pid, result.status == .done {
      throw Diagnostics.noProcess(pid, in: trace.name)
    }
    let report = ObjectsReport(paths: paths)
    var out = OutputBuffer()
    for image in all ? images[...] : images.prefix(1) {
      if all { out.append(line: "# objects \(image.spaces[0].processes[0].pid.rawValue)") }
      if let page {
        if !report.append(page: page.page, of: page.file, in: image, to: &out) {
          out.append(line: "\(page.file) page \(page.page): not mapped")
        }
      } else {
        report.append(image, to: &out)
      }
    }
    try Output.standard.write(&out)
    if result.status != .done { throw result.status.code }
  }
}
