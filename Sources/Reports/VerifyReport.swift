public import Replay
public import SyscallABI
import SystemPackage

/// What a comparison of the model with the kernel found.
public struct VerifyReport {
  private let trace: String
  private let paths: PathTable
  private let verifier: Verifier
  private let total: ProcessSummary
  private let maps: MapsReport
  private let placement: Placement?

  /// - Parameter placement: nil if places were not predicted.
  public init(
    trace: String, paths: PathTable, verifier: Verifier, total: ProcessSummary,
    placement: Placement? = nil
  ) {
    self.placement = placement
    self.trace = trace
    self.paths = paths
    self.verifier = verifier
    self.total = total
    maps = MapsReport(paths: paths)
  }

  /// Nothing differs.
  public var isClean: Bool {
    let misses = placement.map { $0.total.calls - $0.total.matches } ?? 0
    return total.divergences == 0 && misses == 0 && verifier.comparisons.allSatisfy(\.isExact)
  }

  /// Appends each difference, and at the end the figures.
  public func appendText(to out: inout OutputBuffer) {
    for divergence in verifier.divergences { append(divergence, &out) }
    if verifier.omittedDivergences > 0 {
      out.append(line: "(\(Figures.grouped(verifier.omittedDivergences)) more divergences)")
    }
    for comparison in verifier.comparisons where !comparison.isExact { append(comparison, &out) }
    placement?.appendMismatches(&out)
    let exact = UInt64(verifier.comparisons.count { $0.isExact })
    let compared = UInt64(verifier.comparisons.count)
    out.append(
      line: "\(trace): \(Figures.grouped(exact)) of \(Figures.count(compared, "snapshot")) exact "
        + "(\(Figures.share(exact, of: compared))), "
        + "\(Figures.grouped(total.divergences)) of \(Figures.count(total.eventCount, "result")) "
        + "diverge")
    if let placement { out.append(line: "placement: \(placement.summary)") }
  }

  private func append(_ divergence: Divergence, _ out: inout OutputBuffer) {
    let call = "\(divergence.line): [\(divergence.pid.rawValue)] \(divergence.name.text)"
    switch divergence.kind {
    case .succeeded(let expected):
      out.append(line: "\(call): recorded success, expected \(error(expected))")
    case .failed(let recorded):
      out.append(line: "\(call): recorded \(error(recorded)), expected success")
    case .errno(let recorded, let expected):
      out.append(line: "\(call): recorded \(error(recorded)), expected \(error(expected))")
    case .overlap(let range):
      out.append(line: "\(call): placed at \(range), where the model has live VMAs")
    case .programBreak(let recorded, let expected):
      out.append(line: "\(call): recorded \(recorded), expected \(expected)")
    }
  }

  private func error(_ number: Int32) -> String { Errno.name(of: number) }

  private func append(_ comparison: Verifier.Comparison, _ out: inout OutputBuffer) {
    out.append(
      line: "\(comparison.line): [\(comparison.process.pid.rawValue)] "
        + "\(comparison.moment.rawValue) snapshot differs (- kernel, + model):")
    for difference in comparison.differences {
      switch difference {
      case .missing(let entry):
        out.append("-")
        maps.append(entry, to: &out)
      case .surplus(let line):
        out.append("+")
        maps.append(line, to: &out)
      }
    }
  }
}
