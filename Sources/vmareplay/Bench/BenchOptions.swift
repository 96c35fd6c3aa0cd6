public import ArgumentParser
import Replay
public import Reports

extension BenchmarkReport.Format: ExpressibleByArgument {}

/// Where the lookups of a benchmark go.
enum LookupChoice: String, CaseIterable, ExpressibleByArgument {
  case trace, random, hot, faults
}

/// `rbtree,btree`.
struct IndexList: ExpressibleByArgument {
  let kinds: [IndexKind]

  init(kinds: [IndexKind]) { self.kinds = kinds }

  init?(argument: String) {
    let names = argument.split(separator: ",").map { IndexKind(rawValue: String($0)) }
    if names.isEmpty || names.contains(nil) { return nil }
    kinds = names.compactMap { $0 }
  }

  var defaultValueDescription: String { kinds.map(\.rawValue).joined(separator: ",") }
}

/// `8,64,1k,1M`, in binary thousands.
struct SizeList: ExpressibleByArgument {
  let sizes: [Int]

  init(sizes: [Int]) { self.sizes = sizes }

  init?(argument: String) {
    let parsed = argument.split(separator: ",").map { Self.size($0) }
    if parsed.isEmpty || parsed.contains(nil) { return nil }
    sizes = parsed.compactMap { $0 }
  }

  private static func size(_ text: Substring) -> Int? {
    let units: [Character: Int] = ["k": 1 << 10, "K": 1 << 10, "m": 1 << 20, "M": 1 << 20]
    let unit = text.last.flatMap { units[$0] }
    guard let number = Int(unit == nil ? text : text.dropLast()), number > 0 else { return nil }
    let (size, overflow) = number.multipliedReportingOverflow(by: unit ?? 1)
    return overflow || size > 1 << 24 ? nil : size
  }

  var defaultValueDescription: String { "none" }
}

/// `5%` or `5`.
struct RegressionLimit: ExpressibleByArgument {
  let share: Double

  init(share: Double) { self.share = share }

  init?(argument: String) {
    let digits = argument.hasSuffix("%") ? argument.dropLast() : argument[...]
    guard let percent = Double(digits), percent.isFinite, percent >= 0 else { return nil }
    share = percent / 100
  }

  var defaultValueDescription: String { "\(Int((share * 100).rounded()))%" }
}
