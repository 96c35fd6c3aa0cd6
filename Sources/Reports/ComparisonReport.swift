import AddressSpaces
public import Replay
import SyscallABI
import SystemPackage

/// Two or more traces side by side, the others measured by the first.
public struct ComparisonReport {
  /// One trace, replayed.
  public struct Column: Sendable {
    public var label: String
    public var trace: String
    public var kernel: String
    public var total: ProcessSummary
    public var usage: Usage

    public init(
      label: String, trace: String, kernel: String, total: ProcessSummary, usage: Usage
    ) {
      self.label = label
      self.trace = trace
      self.kernel = kernel
      self.total = total
      self.usage = usage
    }
  }

  /// One figure of each trace.
  struct Row {
    enum Unit {
      case count, bytes, nanoseconds
      /// Hundredths of one.
      case hundredths
    }

    /// In JSON and CSV; dots separate levels.
    var key: String
    var label: String
    var unit = Unit.count
    var values: [UInt64]
    /// A difference in it is worth a sentence.
    var matters: Bool

    var isZero: Bool { values.allSatisfy { $0 == 0 } }
  }

  /// Rows that belong together.
  struct Section {
    var title: String
    var rows: [Row]
  }

  let columns: [Column]

  /// - Precondition: at least two columns.
  public init(columns: [Column]) { self.columns = columns }

  public func append(to out: inout OutputBuffer, format: OutputFormat) {
    switch format {
    case .json: appendJSON(&out)
    case .csv: appendCSV(&out)
    default: appendText(&out)
    }
  }

  // MARK: Figures

  var sections: [Section] {
    [space, calls, kernelTime, merging].map { section in
      Section(title: section.title, rows: section.rows.filter { !$0.isZero })
    }.filter { !$0.rows.isEmpty }
  }

  private func row(
    _ key: String, _ label: String, _ unit: Row.Unit = .count, matters: Bool = false,
    _ value: (Column) -> UInt64
  ) -> Row {
    Row(key: key, label: label, unit: unit, values: columns.map(value), matters: matters)
  }

  private var space: Section {
    Section(
      title: "address space",
      rows: [
        row("map_count_peak", "VMAs at the peak", matters: true) {
          UInt64($0.usage.largest.mapCountPeak)
        },
        row("map_count_mean", "VMAs on average over time", .hundredths) {
          $0.usage.largest.meanMapCountInHundredths
        },
        row("map_count_end", "VMAs at the end") { UInt64($0.usage.largest.mapCountAtEnd) },
        row("mapped_peak", "mapped at most", .bytes, matters: true) {
          $0.usage.largest.pagesPeak << 12
        },
        row("mapped_end", "mapped at the end", .bytes) { $0.usage.largest.pagesAtEnd << 12 },
        row("heap_peak", "heap (brk) at most", .bytes) { $0.usage.largest.heapPeak },
        row("bytes_mapped", "mapped in all", .bytes, matters: true) {
          $0.usage.bytesMapped
        },
        row("bytes_unmapped", "unmapped in all", .bytes) { $0.usage.bytesUnmapped },
        row("holes_end", "holes at the end", matters: true) {
          UInt64($0.usage.largest.holesAtEnd)
        },
        row("largest_hole", "largest hole below 1 TiB", .bytes) { $0.usage.largest.largestHole },
      ])
  }

  private var calls: Section {
    var rows = [
      row("calls", "all calls", matters: true) { $0.total.eventCount },
      row("failures", "failures") { $0.total.failureCount },
    ]
    for name in SyscallName.allCases {
      rows.append(
        row("calls.\(name.text)", "\(name.text)") { $0.total.events[name] })
    }
    let errors = Set(columns.flatMap { $0.total.failures.keys }).sorted()
    for error in errors {
      let name = Errno.name(of: error)
      rows.append(row("failures.\(name)", "\(name)") { $0.total.failures[error] ?? 0 })
    }
    return Section(title: "calls", rows: rows)
  }

  private var kernelTime: Section {
    var rows = [
      row(
        "time", "all calls that the log times", .nanoseconds, matters: true
      ) { $0.usage.nanoseconds.reduce(0, +) }
    ]
    for name in SyscallName.allCases {
      let index = Int(name.rawValue)
      rows.append(
        row("time_per_call.\(name.text)", "\(name.text), each", .nanoseconds) {
          let count = $0.usage.timedCalls[index]
          return count == 0 ? 0 : $0.usage.nanoseconds[index] / count
        })
    }
    return Section(title: "time by strace -T", rows: rows)
  }

  private var merging: Section {
    var rows = [
      row("lookups_per_100_calls", "find_vma per call", .hundredths) {
        $0.total.eventCount == 0 ? 0 : $0.total.cache.lookups * 100 / $0.total.eventCount
      },
      row("splits", "splits", matters: true) { $0.total.statistics.splits },
      row("merges", "merges", matters: true) { $0.total.mergeCount },
    ]
    for mergeCase in MergeCase.allCases {
      rows.append(
        row("merges.\(mergeCase.rawValue)", "merges, case \(mergeCase.rawValue)") {
          $0.total.statistics.merges(mergeCase)
        })
    }
    rows.append(
      row("missed_merges", "missed merges at the end", matters: true) {
        UInt64($0.total.boundaries.missedMerges)
      })
    for cause in VMABoundary.Cause.allCases where !cause.isNeeded {
      rows.append(
        row("missed_merges.\(cause.label)", "missed for \(cause.label)") {
          UInt64($0.total.boundaries[cause])
        })
    }
    return Section(title: "merging", rows: rows)
  }

  // MARK: Parting

  /// Where two traces first make different calls, addresses left aside.
  struct Parting {
    /// Calls that both begin with.
    var common: Int
    /// The first that differ; nil for a trace that has ended, or beyond what was kept.
    var first: Fingerprint?
    var second: Fingerprint?
  }

  func parting(_ other: Column) -> Parting {
    let (a, b) = (columns[0].usage.fingerprints, other.usage.fingerprints)
    let common = zip(a, b).prefix { $0.hash == $1.hash }.count
    return Parting(
      common: common, first: common < a.count ? a[common] : nil,
      second: common < b.count ? b[common] : nil)
  }

  /// A sentence for each figure in which a trace differs from the first by a quarter or more.
  func remarks(on column: Int) -> [String] {
    let (label, first) = (columns[column].label, columns[0].label)
    return sections.flatMap(\.rows).filter(\.matters).compactMap { row in
      let (base, value) = (row.values[0], row.values[column])
      let figures =
        "\(row.label): \(label) \(Self.figure(value, row.unit)), "
        + "\(first) \(Self.figure(base, row.unit))"
      if base == value { return nil }
      if base == 0 || value == 0 { return figures }
      let isApart = value * 4 >= base * 5 || value * 5 <= base * 4
      return isApart ? "\(figures), \(Self.ratio(value, base)) times as much" : nil
    }
  }

  /// `1.25`: rounded down to hundredths.
  static func ratio(_ value: UInt64, _ base: UInt64) -> String {
    guard base > 0 else { return "-" }
    let (high, low) = value.multipliedFullWidth(by: 100)
    guard high < base else { return "-" }
    return hundredths(base.dividingFullWidth((high, low)).quotient)
  }

  static func hundredths(_ value: UInt64) -> String {
    let rest = value % 100
    return "\(Figures.grouped(value / 100)).\(rest < 10 ? "0" : "")\(rest)"
  }

  static func figure(_ value: UInt64, _ unit: Row.Unit) -> String {
    switch unit {
    case .count: return Figures.grouped(value)
    case .bytes: return Figures.size(bytes: value)
    case .hundredths: return hundredths(value)
    case .nanoseconds:
      if value == 0 { return "-" }
      if value < 1_000_000 { return "\(hundredths(value / 10)) us" }
      return "\(hundredths(value / 10_000)) ms"
    }
  }
}
