import TraceReading

/// What a command reads that replays a trace more than once: standard input and pipes, which give
/// their bytes only once, are kept in files without names.
struct TwoPassInput {
  /// The trace, under its own name.
  let trace: TraceInput
  /// The arguments, with what they name.
  private(set) var arguments: ReplayArguments
  private var kept: [KeptInput] = []

  init(_ trace: TraceInput, _ arguments: ReplayArguments) throws {
    try arguments.checkFaults(of: trace)
    self.arguments = arguments
    var keptTrace: TraceInput?
    if let path = trace.path, let file = try KeptInput(of: path, role: "the trace") {
      kept.append(file)
      keptTrace = trace.reading(from: file.path)
    }
    self.trace = keptTrace ?? trace
    try keepArguments()
  }

  /// For a command that has its trace in memory.
  init(_ arguments: ReplayArguments, of trace: TraceInput) throws {
    try arguments.checkFaults(of: trace)
    self.trace = trace
    self.arguments = arguments
    try keepArguments()
  }

  private mutating func keepArguments() throws {
    if let path = arguments.faults.path, let file = try KeptInput(of: path, role: "the faults") {
      kept.append(file)
      arguments.faults.path = file.path
    }
    for (index, maps) in arguments.initialMaps.enumerated() {
      guard let file = try KeptInput(of: maps.path, role: "the initial maps") else { continue }
      kept.append(file)
      arguments.initialMaps[index].path = file.path
    }
  }

  /// Gives the files back.
  func close() {
    for file in kept { file.close() }
  }
}
