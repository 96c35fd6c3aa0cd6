import AddressSpaces
import Replay
import SyscallABI
import Testing
import TraceReading

/// A log given as text, replayed to its end.
struct LogReplay {
  var images: [MapImage]
  var summaries: [ProcessSummary]
  var total: ProcessSummary
  /// Processes without a summary of their own.
  var omitted: Int
  var verifier: Verifier
  var paths: PathTable
  /// Files of programs that were not placed, with the number of processes.
  var unplaced: [String: Int]

  /// - Parameters:
  ///   - log: strace lines; `initialMaps` are lines of a maps file for the first process.
  ///   - known: a list of page faults.
  init(
    _ log: String, initialMaps: String = "", faults: FaultAssumption = .smart,
    until limit: ReplayLimit? = nil, index: IndexKind = .rbtree, known: String? = nil,
    limitsLockedMemory: Bool = false, keptPID: PID? = nil,
    programs: ((PathTable, FileID) -> ProgramImage?)? = nil
  ) throws {
    let paths = PathTable()
    var options = ReplayOptions(profile: .linux6, faults: faults)
    options.faultsAreListed = known != nil
    options.limitsLockedMemory = limitsLockedMemory
    options.keptPID = keptPID
    if !initialMaps.isEmpty {
      let entries = try MapsFile.parse(Array(initialMaps.utf8), paths: paths)
      options.initialMaps = [(.none, entries)]
    }
    var work = Work(
      log: log, options: options, paths: paths, limit: limit,
      faults: try known.map { try FaultList(text: $0) }, programs: programs)
    let result = try index.run(&work)
    images = result.images
    verifier = result.verifier
    summaries = result.summaries
    total = result.total
    omitted = result.omitted
    self.paths = paths
    unplaced = [:]
    for (file, count) in result.unplaced { unplaced[paths.text(of: file)] = count }
  }

  private struct Work: IndexedWork {
    var log: String
    var options: ReplayOptions
    var paths: PathTable
    var limit: ReplayLimit?
    var faults: FaultList?
    var programs: ((PathTable, FileID) -> ProgramImage?)?

    struct Output {
      var images: [MapImage]
      var verifier: Verifier
      var summaries: [ProcessSummary]
      var total: ProcessSummary
      var unplaced: [FileID: Int]
      var omitted: Int
    }

    mutating func run<Index: VMAIndex & ~Copyable>(on index: Index.Type) throws -> Output {
      let reader = try TraceReader(
        source: MemorySource(Array(log.utf8)), name: "log", paths: paths)
      var engine = ReplayEngine<Index, VerifierAndMaps>(
        options: options, paths: paths, observer: VerifierAndMaps(paths: paths))
      if let faults { engine.setFaults(faults) }
      if let programs { engine.setPrograms { [paths] path in programs(paths, path) } }
      var batch = TraceBatch()
      while try reader.nextBatch(into: &batch) {
        for malformed in batch.malformed { Issue.record("\(malformed)") }
        if !engine.apply(batch, until: limit) { break }
      }
      engine.finish()
      return Output(
        images: engine.observer.maps.images, verifier: engine.observer.verifier,
        summaries: engine.summaries, total: engine.total, unplaced: engine.unplacedFiles,
        omitted: engine.omittedSummaries)
    }
  }

  /// The map of one process: `7f0000000000-7f0000002000 rw-p NAME`, a line each.
  func map(of pid: Int32) -> [String] {
    guard let image = images.last(where: { $0.process.pid == PID(pid) }) else { return [] }
    return image.lines.map { line in
      var text = "\(line.range) "
      text += line.flags.contains(.read) ? "r" : "-"
      text += line.flags.contains(.write) ? "w" : "-"
      text += line.flags.contains(.exec) ? "x" : "-"
      text += line.flags.contains(.mayShare) ? "s" : "p"
      switch line.name {
      case .none: break
      case .heap: text += " [heap]"
      case .stack: text += " [stack]"
      case .file(let id): text += " " + paths.text(of: id)
      }
      return text
    }
  }
}

/// Two observers as one.
struct VerifierAndMaps: ReplayObserver {
  var maps = MapObserver(.all)
  var verifier: Verifier

  init(paths: PathTable) { verifier = Verifier(paths: paths) }

  mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    maps.willEnd(process, space: space, files: files)
  }

  mutating func didMeet<Index: VMAIndex & ~Copyable>(
    _ snapshot: Snapshot, process: ProcessView, space: borrowing AddressSpace<Index>,
    files: FileTable
  ) {
    verifier.didMeet(snapshot, process: process, space: space, files: files)
  }

  mutating func didDiverge(_ divergence: Divergence) { verifier.didDiverge(divergence) }
}
