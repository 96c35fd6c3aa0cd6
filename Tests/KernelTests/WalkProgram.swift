import Foundation
import Replay

/// What the walker does, whole or in part.
struct WalkProgram: CustomStringConvertible {
  let seed: UInt64
  let calls: Int
  let mode: String
  /// The steps that are made, in order: those of each thread, of the program, of its child.
  var steps: [Int]

  init(seed: UInt64, calls: Int, mode: String) {
    self.seed = seed
    self.calls = calls
    self.mode = mode
    steps = Array(0..<5 * calls)
  }

  /// As the walker reads it.
  var kept: String {
    var letters = [UInt8](repeating: UInt8(ascii: "0"), count: 5 * calls)
    for step in steps { letters[step] = UInt8(ascii: "1") }
    return String(decoding: letters, as: UTF8.self)
  }

  var description: String {
    let isWhole = steps.count == 5 * calls
    return "seed \(seed), mode \(mode)" + (isWhole ? "" : ", steps \(steps)")
  }
}

extension Walker {
  /// The fewest steps of a program that still fail.
  ///
  /// - Parameter differences: what is wrong with a run; threads take turns as they like, so that
  ///   a program with threads fails if one of three runs does.
  func shrink(
    _ program: WalkProgram, by differences: (Run) throws -> [String]
  ) throws -> WalkProgram {
    let tries = program.mode.contains("p") ? 3 : 1
    var shortest = program
    shortest.steps = try DeltaDebugging.minimize(program.steps, limit: 500) { steps in
      var part = program
      part.steps = steps
      for _ in 0..<tries where try !differences(run(part)).isEmpty { return true }
      return false
    }
    return shortest
  }

  /// The program and the log of a run of it.
  func describe(_ program: WalkProgram) throws -> String {
    "shortest: \(program)\n  "
      + (try run(program)).log.split(separator: "\n").dropFirst().joined(separator: "\n  ")
  }
}
