import CPeers
import Replay

/// Times several subjects in rounds, each round in a new random order, on this thread's CPU clock.
struct Measurement {
  private var subjects: [(name: String, body: () -> UInt64)] = []
  /// Nanoseconds per operation, by subject and round.
  private(set) var times: [[Double]] = []

  mutating func add(_ name: String, _ body: @escaping () -> UInt64) {
    subjects.append((name, body))
  }

  /// One round to warm up, then `rounds` that count.
  ///
  /// - Returns: false if the subjects do not give the same answers.
  mutating func run(rounds: Int, operations: Int, numbers: inout SeededNumbers) -> Bool {
    var agree = Set(subjects.map { $0.body() }).count == 1
    times = subjects.map { _ in [] }
    for _ in 0..<rounds {
      var answers: Set<UInt64> = []
      for subject in subjects.indices.shuffled(using: &numbers) {
        let start = peer_thread_time()
        answers.insert(subjects[subject].body())
        times[subject].append(Double(peer_thread_time() - start) / Double(operations))
      }
      agree = agree && answers.count == 1
    }
    return agree
  }

  /// One line for each subject: median, and the median of its ratios to the first, round by round.
  func lines() -> [String] {
    subjects.indices.map { subject in
      let ratios = zip(times[subject], times[0]).map { $0 / $1 }
      return column(subjects[subject].name, 16) + column(format(median(times[subject]), 1), -10)
        + column(format(median(ratios), 2), -8)
    }
  }
}

func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

func format(_ value: Double, _ decimals: Int) -> String {
  var scale = 1
  for _ in 0..<decimals { scale *= 10 }
  let scaled = Int((value * Double(scale)).rounded())
  let fraction = String(scaled % scale + scale).dropFirst()
  return "\(scaled / scale).\(fraction)"
}

/// Padded on the right, or on the left for a negative width.
func column(_ text: String, _ width: Int) -> String {
  let padding = String(repeating: " ", count: max(abs(width) - text.count, 0))
  return width < 0 ? padding + text : text + padding
}
