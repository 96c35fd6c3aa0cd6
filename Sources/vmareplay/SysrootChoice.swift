import Replay
import SyscallABI
import TraceReading

extension ReplayArguments {
  /// Opens the folder of `--sysroot`; nil without the option.
  func openSysroot(_ paths: PathTable) throws -> Sysroot? {
    guard let sysroot else { return nil }
    do throws(TraceError) { return try Sysroot(folder: sysroot, paths: paths) } catch {
      throw TraceSession.report(error)
    }
  }
}

extension Sysroot {
  /// Says which files could not be used, and which the log did not place.
  func report(unplaced: [FileID: Int], _ paths: PathTable) {
    for warning in warnings { Diagnostics.error(warning) }
    let names = unplaced.map { (paths.text(of: $0.key), $0.value) }.sorted { $0.0 < $1.0 }
    for (name, processes) in names {
      Diagnostics.error(
        "\(name): the log does not show where it was mapped"
          + (processes == 1 ? "" : " (\(processes) processes)"))
    }
  }
}
