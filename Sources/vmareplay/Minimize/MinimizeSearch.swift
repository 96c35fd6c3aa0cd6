import Replay
import SyscallABI
import TraceReading

/// What `verify` finds wrong with a trace, and whether it still finds that in a part of it.
struct MinimizeSearch {
  let arguments: ReplayArguments

  /// The difference that is to stay.
  enum Target {
    case result(line: [UInt8], name: SyscallName, kind: String)
    case map(kernel: [AddressRange], model: [AddressRange])
  }

  /// The first difference of a trace; nil if there is none.
  func target(of lines: [[UInt8]]) throws -> Target? {
    let verifier = try verify(lines)
    if let first = verifier.divergences.first {
      return .result(
        line: lines[Int(first.line) - 1], name: first.name, kind: Self.kind(first.kind))
    }
    guard let comparison = verifier.comparisons.first(where: { !$0.isExact }),
      let place = verifier.disagreements(in: comparison).first
    else { return nil }
    return .map(kernel: place.kernel.map(\.range), model: place.model.map(\.range))
  }

  /// Whether the same difference, and no wrong result before it, is in a part of the trace.
  func has(_ target: Target, in lines: [[UInt8]]) throws -> Bool {
    let verifier = try verify(lines)
    switch target {
    case .result(let line, let name, let kind):
      guard let first = verifier.divergences.first else { return false }
      return first.name == name && Self.kind(first.kind) == kind
        && lines[Int(first.line) - 1] == line
    case .map(let kernel, let model):
      guard verifier.divergences.isEmpty else { return false }
      return verifier.comparisons.contains { comparison in
        verifier.disagreements(in: comparison).contains { place in
          place.kernel.map(\.range) == kernel && place.model.map(\.range) == model
        }
      }
    }
  }

  /// What kind of difference it is, without the addresses, which may change.
  private static func kind(_ kind: Divergence.Kind) -> String {
    switch kind {
    case .overlap: "overlap"
    case .programBreak: "break"
    case .succeeded, .failed, .errno: "\(kind)"
    }
  }

  private func verify(_ lines: [[UInt8]]) throws -> Verifier {
    let paths = PathTable()
    var work = MemoryReplay(
      lines: lines, paths: paths, arguments: arguments,
      verifier: Verifier(paths: paths, pid: arguments.pid.map { PID($0) }))
    return try arguments.index.run(&work)
  }
}
