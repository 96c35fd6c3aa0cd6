import AddressSpaces
import Replay
import SyscallABI
import TraceReading

/// Replays lines that are in memory, quietly.
struct MemoryReplay: IndexedWork {
  let lines: [[UInt8]]
  let paths: PathTable
  let arguments: ReplayArguments
  let verifier: Verifier

  mutating func run<Index: VMAIndex & ~Copyable>(on index: Index.Type) throws -> Verifier {
    let text = Array(lines.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")]
    do {
      let reader = try TraceReader(
        source: MemorySource(text), name: "trace", paths: paths,
        options: TraceReader.Options(isPipelined: false, decodesAhead: false))
      var batch = TraceBatch()
      var hasBatch = try reader.nextBatch(into: &batch)
      var options = try ReplaySetup(arguments: arguments, host: batch.hosts.first).options
      options.initialMaps = try arguments.readInitialMaps(paths)
      let faults = try arguments.readFaults(isFilePerProcess: false)
      options.faultsAreListed = faults != nil
      var engine = ReplayEngine<Index, Verifier>(
        options: options, paths: paths, observer: verifier)
      if let faults { engine.setFaults(faults) }
      if let sysroot = try arguments.openSysroot(paths) {
        engine.setPrograms { sysroot.program(at: $0) }
      }
      while hasBatch {
        _ = engine.apply(batch)
        hasBatch = try reader.nextBatch(into: &batch)
      }
      engine.finish()
      return engine.observer
    } catch is TraceError {
      // Without a line of strace there is nothing that differs.
      return verifier
    }
  }
}
