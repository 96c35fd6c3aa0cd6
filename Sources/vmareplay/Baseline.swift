import Replay
import Reports
import TraceReading

/// The figures of an earlier trace, as `check --format json` prints them.
struct Baseline {
  private let path: String
  private let figures: [String: UInt64]

  var mapCountPeak: UInt64? { figures["map_count_peak"] }
  /// In bytes.
  var mappedPeak: UInt64? { figures["mapped_peak"] }

  /// The figures of a trace that a later one can be held to.
  static func figures(
    _ observed: BudgetObserver, _ missedMerges: UInt64
  ) -> [(name: String, value: UInt64)] {
    [
      ("map_count_peak", observed.mapCount.value), ("missed_merges", missedMerges),
      ("mapped_peak", observed.mapped.value << 12),
    ]
  }

  init(path: String) throws {
    self.path = path
    let bytes: [UInt8]
    do throws(TraceError) {
      bytes = try InputFile.read(path)
    } catch {
      throw TraceSession.report(error)
    }
    guard case .object(let members)? = JSONValue(parsing: bytes)?["figures"] else {
      Diagnostics.error(
        "\(path): not a baseline; make one with 'vmareplay check --format json TRACE >\(path)'")
      throw ExitStatus.badTrace.code
    }
    figures = members.compactMapValues(\.number)
  }

  /// A budget for each figure that the baseline has.
  func budgets(_ observed: BudgetObserver, _ missedMerges: UInt64) -> [CheckReport.Budget] {
    let lines = [
      observed.mapCount.position(above: mapCountPeak)?.line, observed.mapCount.position?.line,
      observed.mapped.position(above: mappedPeak.map { $0 >> 12 })?.line,
    ]
    return zip(Self.figures(observed, missedMerges), lines).compactMap { figure, line in
      guard let bound = figures[figure.name] else { return nil }
      return CheckReport.Budget(
        name: "baseline \(figure.name)", value: figure.value, bound: bound,
        unit: figure.name == "mapped_peak" ? .bytes : .count, line: line, note: path)
    }
  }
}
