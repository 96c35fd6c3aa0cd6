import ArgumentParser
import Replay
import Reports
import SyscallABI
import SystemPackage
import TraceReading

/// A trace read into memory, with what is to be said about it.
struct BenchInput {
  let name: String
  let trace: BenchTrace
  let status: ExitStatus

  init(trace input: TraceInput, strict: Bool) throws {
    let paths = PathTable()
    var session = try TraceSession(input: input, paths: paths, strict: strict)
    var batches: [TraceBatch] = []
    while true {
      var batch = TraceBatch()
      guard session.next(into: &batch) else { break }
      batches.append(batch)
    }
    let arguments = try ReplayArguments.parse([])
    let setup = ReplaySetup(arguments: arguments, host: batches.first?.hosts.first)
    trace = BenchTrace(batches: batches, options: setup.options, paths: paths)
    name = input.name.split(separator: "/").last.map(String.init) ?? input.name
    status = session.status
  }

  /// What the operations come from.
  var environment: [(key: String, value: String)] {
    let hash = String(trace.digest, radix: 16)
    return [("trace", name), ("trace-hash", hash), ("calls", String(trace.eventCount))]
  }
}

/// On what a benchmark runs.
enum BenchEnvironment {
  static var current: [(key: String, value: String)] {
    [("machine", processor), ("kernel", kernel), ("build", build)]
  }

  private static var processor: String {
    let line = text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = line?.split(separator: ":").dropFirst().joined(separator: ":") ?? "unknown"
    return String(name.drop { $0 == " " })
  }

  private static var kernel: String {
    let release = text("/proc/sys/kernel/osrelease").split(separator: "\n").first
    return release.map(String.init) ?? "unknown"
  }

  /// Optimised and without checks, or the command would have refused.
  private static var build: String { "\(VMAReplay.configuration.version) release, unchecked" }

  private static func text(_ path: String) -> String {
    (try? InputFile.read(path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
