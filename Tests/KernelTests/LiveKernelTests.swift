import AddressSpaces
import Foundation
import Replay
import SyscallABI
import SystemPackage
import TestSupport
import Testing

/// Random programs, performed by the running kernel and by the model: after every call both must
/// have given the same errno and have the same VMAs, all flags included.
///
/// `VMA_LIVE_SEEDS=first..<end` in the environment runs other seeds.
@Suite struct LiveKernelTests {
  @Test(.enabled(if: RunningKernel.hasCurrentRules, "needs Linux 6.18"))
  func everyCallDoesWhatTheKernelDoes() throws {
    let probe = try Probe()
    var differences: [String] = []
    var calls = 0
    let seeds = Self.seeds ?? 1..<201
    for seed in seeds {
      let program = RandomProgram(seed: seed)
      calls += program.calls.count
      if let difference = try firstDifference(program.calls, seed: seed, probe) {
        let shortest = try DeltaDebugging.minimize(program.calls, limit: 500) { calls in
          try firstDifference(calls, seed: seed, probe) != nil
        }
        let last = try firstDifference(shortest, seed: seed, probe) ?? ""
        differences.append(
          difference + "\n  shortest:\n  " + shortest.map(\.line).joined(separator: "\n  ")
            + "\n  " + last)
        if differences.count >= 10 { break }
      }
    }
    print("live kernel: \(seeds.count) programs, \(calls) calls")
    #expect(differences.isEmpty, "\(differences.joined(separator: "\n\n"))")
  }

  /// The seeds that the environment asks for.
  static var seeds: Range<UInt64>? {
    guard let text = ProcessInfo.processInfo.environment["VMA_LIVE_SEEDS"] else { return nil }
    let bounds = text.components(separatedBy: "..<").compactMap { UInt64($0) }
    return bounds.count == 2 && bounds[0] < bounds[1] ? bounds[0]..<bounds[1] : nil
  }

  private func firstDifference(
    _ calls: [RandomCall], seed: UInt64, _ probe: Probe
  ) throws -> String? {
    let run = try probe.run(calls)
    var model = ModelledProcess<RedBlackTreeIndex>(firstBreak: run.firstBreak)
    model.space.limits.hasProtectionKeys = RunningKernel.hasProtectionKeys
    var before: [String] = []
    for (number, call) in calls.enumerated() {
      guard number < run.steps.count else {
        return "seed \(seed): the probe ended at call \(number): \(call.line)"
      }
      let step = run.steps[number]
      let foretold = model.predict(call)
      let errno = model.apply(call, result: step.result)
      let lines = model.lines()
      let expected = step.errno == 0 ? nil : Errno(rawValue: step.errno)
      let isForetold = foretold == nil || foretold == .some(expected)
      if Self.tells(call) && errno != expected || !isForetold || lines != step.lines {
        return """
          seed \(seed), call \(number): \(call.line)
            kernel: \(expected.map { "\($0)" } ?? "success"), result \
          \(String(step.result, radix: 16))
            model:  \(errno.map { "\($0)" } ?? "success"), foretold \(String(describing: foretold))
          before:
            \(before.joined(separator: "\n  "))
          kernel after:
            \(step.lines.joined(separator: "\n  "))
          model after:
            \(lines.joined(separator: "\n  "))
          """
      }
      before = lines
    }
    model.space.checkInvariants()
    return nil
  }

  /// Whether the model says how the call ends.
  private static func tells(_ call: RandomCall) -> Bool {
    switch call {
    case .touch, .touchHeap, .brk, .fork: false
    default: true
    }
  }
}

enum RunningKernel {
  static var hasProtectionKeys: Bool {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    return text.contains(" ospke")
  }

  /// The kernel that runs the tests follows the rules of the default profile.
  static var hasCurrentRules: Bool {
    guard let text = try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
    else { return false }
    let numbers = text.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
    return numbers == [6, 18]
  }
}

/// Runs programs in the probe's process.
struct Probe {
  private let executable: URL
  private let folder: URL

  struct Step {
    var result: UInt64
    var errno: Int32
    var lines: [String]
  }

  init() throws {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    executable = URL(fileURLWithPath: tests).deletingLastPathComponent()
      .appendingPathComponent("KernelProbe")
    folder = FileManager.default.temporaryDirectory
  }

  func run(_ calls: [RandomCall]) throws -> (firstBreak: UInt64, steps: [Step]) {
    let name = folder.appendingPathComponent("probe-\(UUID().uuidString)")
    let input = name.appendingPathExtension("in")
    let output = name.appendingPathExtension("out")
    defer {
      try? FileManager.default.removeItem(at: input)
      try? FileManager.default.removeItem(at: output)
    }
    let text = calls.map { $0.line + "\n" }.joined()
    try Data(text.utf8).write(to: input)
    try Data().write(to: output)
    let process = Process()
    process.executableURL = executable
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = try FileHandle(forWritingTo: output)
    try process.run()
    process.waitUntilExit()
    return parse(try String(contentsOf: output, encoding: .utf8))
  }

  private func parse(_ text: String) -> (firstBreak: UInt64, steps: [Step]) {
    var firstBreak: UInt64 = 0
    var steps: [Step] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      switch words[0] {
      case "B": firstBreak = UInt64(words[1], radix: 16) ?? 0
      case "R":
        steps.append(
          Step(result: UInt64(words[1], radix: 16) ?? 0, errno: Int32(words[2]) ?? 0, lines: []))
      case "V":
        // Soft-dirty and guard marks take no part in merging and are not modelled.
        let flags = words[5...].map(String.init).filter { $0 != "sd" && $0 != "gu" }.sorted()
        let fields = words[1...4].joined(separator: " ")
        steps[steps.count - 1].lines.append(fields + " " + flags.joined(separator: " "))
      default: break
      }
    }
    return (firstBreak, steps)
  }
}
