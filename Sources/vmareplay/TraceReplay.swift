import AddressSpaces
import ArgumentParser
import Replay
import SyscallABI
import TraceReading

/// Replays one trace from its first line to its last, or up to a limit.
struct TraceReplay<Observer: ReplayObserver>: IndexedWork {
  let trace: TraceInput
  let paths: PathTable
  let arguments: ReplayArguments
  let strict: Bool
  /// The last line or moment to replay; nil for all.
  var limit: ((TraceReader) throws -> ReplayLimit?)?
  var observer: Observer
  /// Limits that hold instead of the recorded ones.
  var limits: LimitOptions?
  /// What is wrong with the trace has been said before.
  var isSecondPass = false
  /// Where to keep the stacks of the log; nil to pass them over.
  var stacks: StackTable?
  /// Called after each batch, so that long results can be written on the way.
  var afterBatch: ((inout Observer) throws -> Void)?

  /// What is left of a replay when its address spaces are gone.
  struct Output {
    var observer: Observer
    var summaries: [ProcessSummary]
    var total: ProcessSummary
    var omittedSummaries: Int
    var kernel: String
    /// What the trace says of the machine; nil if it says nothing.
    var maxMapCount: Int?
    var lines: UInt64
    /// The names of the files of `strace -ff`; empty for any other trace.
    var sources: [String]
    var isEmpty: Bool
    var status: ExitStatus
  }

  mutating func run<Index: VMAIndex & ~Copyable>(on index: Index.Type) throws -> Output {
    try arguments.checkFaults(of: trace)
    var session = try TraceSession(
      input: trace, paths: paths, strict: strict, isQuiet: isSecondPass, stacks: stacks)
    let initialMaps = try arguments.readInitialMaps(paths)
    let limit = try self.limit?(session.reader)
    var batch = TraceBatch()
    // The first batch says on which machine the log was made.
    var hasBatch = session.next(into: &batch)
    let setup = try ReplaySetup(arguments: arguments, host: batch.hosts.first)
    var options = setup.options
    options.initialMaps = initialMaps
    let faults = try arguments.readFaults(isFilePerProcess: session.reader.hasFilePerProcess)
    options.faultsAreListed = faults != nil
    if let limits, limits.isGiven {
      limits.apply(to: &options.limits)
      options.keepsLimits = true
    }
    var engine = ReplayEngine<Index, Observer>(options: options, paths: paths, observer: observer)
    if let faults { engine.setFaults(faults) }
    let sysroot = try arguments.openSysroot(paths)
    if let sysroot { engine.setPrograms { sysroot.program(at: $0) } }
    while hasBatch {
      let goesOn = engine.apply(batch, until: limit)
      try afterBatch?(&engine.observer)
      hasBatch = goesOn && session.next(into: &batch)
    }
    engine.finish()
    if let failure = faults?.failure { throw TraceSession.report(failure) }
    if !isSecondPass {
      // Further on the log may show more.
      sysroot?.report(unplaced: limit == nil ? engine.unplacedFiles : [:], paths)
    }
    try afterBatch?(&engine.observer)
    return Output(
      observer: engine.observer, summaries: engine.summaries, total: engine.total,
      omittedSummaries: engine.omittedSummaries, kernel: setup.kernelName,
      maxMapCount: setup.recordedMaxMapCount,
      lines: session.reader.linesRead,
      sources: session.reader.hasFilePerProcess ? session.reader.sources : [],
      isEmpty: engine.total.processCount == 0,
      status: session.status)
  }
}

/// The rules and limits for a replay: from the command line, else from the trace, else by default.
struct ReplaySetup {
  let options: ReplayOptions
  /// The kernel, and where the choice comes from.
  let kernelName: String
  /// `vm.max_map_count` of the recording machine; nil if the trace does not say it.
  let recordedMaxMapCount: Int?

  /// - Throws: for two kernels, which only `explain` compares.
  init(arguments: ReplayArguments, host: HostDescription?) throws {
    var profile = KernelProfile.linux6
    if let choice = arguments.kernel {
      if choice.second != nil {
        throw ValidationError("Only 'vmareplay explain' compares two kernels: name one.")
      }
      profile = choice.profile
      kernelName = choice.name
    } else if let release = host?["kernel"], let version = KernelVersion(text: release) {
      profile = KernelProfile(version: version)
      kernelName = "\(version.major).\(version.minor).\(version.patch)"
    } else {
      kernelName = "linux6"
    }
    var limits = AddressSpaceLimits()
    recordedMaxMapCount = host?["max_map_count"].flatMap { Int($0) }
    if let recordedMaxMapCount { limits.maxMapCount = recordedMaxMapCount }
    if let mode = host?["overcommit_memory"].flatMap({ UInt8($0) }) {
      limits.overcommit = AddressSpaceLimits.Overcommit(rawValue: mode) ?? .heuristic
    }
    if host?["pkeys"] == "0" { limits.hasProtectionKeys = false }
    var options = ReplayOptions(
      profile: profile, faults: arguments.faults.assumption, limits: limits)
    options.keptPID = arguments.pid.map { PID($0) }
    options.limitsLockedMemory = host?["uid"].flatMap { UInt32($0) }.map { $0 != 0 } ?? false
    self.options = options
  }
}

extension ReplayArguments {
  /// - Throws: if the list of faults and the trace are both to come from standard input.
  func checkFaults(of trace: TraceInput) throws {
    guard faults.path == "-", trace.path == "-" else { return }
    Diagnostics.error("standard input cannot be both the trace and the list of faults")
    throw ExitStatus.usage.code
  }

  /// Opens the list of `--faults`; nil for an assumption.
  func readFaults(isFilePerProcess: Bool) throws -> FaultList? {
    guard let path = faults.path else { return nil }
    let name = faults.name
    let list: FaultList
    do throws(TraceError) { list = try FaultList(path: path, name: name) } catch {
      if error.kind == .missing {
        Diagnostics.error(
          "\(name): no such file; --faults takes smart, never, lazy, eager or a list of faults")
        throw ExitStatus.noInput.code
      }
      throw TraceSession.report(error)
    }
    if isFilePerProcess && list.hasLines {
      Diagnostics.error("\(name): @LINE says nothing where each process has a log of its own")
      throw ExitStatus.usage.code
    }
    return list
  }

  /// Reads the files of `--initial-maps`.
  func readInitialMaps(_ paths: PathTable) throws -> [(pid: PID, entries: [MapsEntry])] {
    var maps: [(pid: PID, entries: [MapsEntry])] = []
    for file in initialMaps {
      do throws(TraceError) {
        maps.append((file.pid, try MapsFile.read(file.path, paths: paths)))
      } catch {
        throw TraceSession.report(error)
      }
    }
    return maps
  }
}
