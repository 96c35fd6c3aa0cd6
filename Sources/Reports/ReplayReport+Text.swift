import AddressSpaces
import Replay
import SyscallABI

extension ReplayReport {
  /// How many processes the table lists; the rest is in the total.
  static let tableLimit = 20

  func appendText(_ out: inout OutputBuffer) {
    let count = UInt64(total.processCount)
    out.append(
      line: "\(traces.joined(separator: ", ")): \(Figures.count(lines, "line")), "
        + "\(Figures.count(total.eventCount, "call")), \(Figures.count(count, "process"))")
    out.append(line: "rules of \(kernel), index \(index.rawValue)")
    out.append("\n")
    appendProcesses(&out)
    out.append("\n")
    appendDetails(&out)
    segments?.appendText(&out)
  }

  /// The processes with the most VMAs, in the order in which they ended.
  private func appendProcesses(_ out: inout OutputBuffer) {
    var shown = Array(processes.enumerated())
    if shown.count > Self.tableLimit {
      shown.sort { ($1.element.mapCountPeak, $0.offset) < ($0.element.mapCountPeak, $1.offset) }
      shown = shown.prefix(Self.tableLimit).sorted { $0.offset < $1.offset }
    }
    var table = TextTable([
      ("PID", .right), ("COMMAND", .left), ("CALLS", .right), ("FAILED", .right),
      ("VMAS", .right), ("PEAK", .right), ("AT LINE", .right), ("MAPPED", .right),
      ("HOLES", .right), ("MISSED", .right), ("MERGES", .right), ("SPLITS", .right),
      ("DIVERGED", .right),
    ])
    for (_, process) in shown {
      let pid = process.pid == .none ? "-" : "\(process.pid.rawValue)"
      table.add([pid, process.comm ?? "?"] + figures(process))
    }
    if processes.count > 1 { table.add(["all", ""] + figures(total)) }
    table.append(to: &out)
    let hidden = processes.count - shown.count + omittedProcesses
    if hidden > 0 {
      out.append(
        line: "(\(Figures.grouped(hidden)) processes with fewer VMAs at their peak not shown)")
    }
  }

  private func figures(_ summary: ProcessSummary) -> [String] {
    [
      Figures.grouped(summary.eventCount), Figures.grouped(summary.failureCount),
      Figures.grouped(summary.mapCount), Figures.grouped(summary.mapCountPeak),
      Figures.grouped(summary.peakLine), Figures.size(pages: summary.totalVM),
      Figures.grouped(summary.holes), Figures.grouped(summary.boundaries.missedMerges),
      Figures.grouped(summary.mergeCount), Figures.grouped(summary.statistics.splits),
      Figures.grouped(summary.divergences),
    ]
  }

  private func appendDetails(_ out: inout OutputBuffer) {
    appendCounts("calls", byCount(total.namedEvents), &out)
    appendCounts("failures", byCount(total.namedFailures), &out)
    appendCounts(
      "merges",
      MergeCase.allCases.map { ("case \($0.rawValue)", total.statistics.merges($0)) }, &out)
    appendCounts("needed", byCount(total.boundaries.namedNeeded), &out)
    appendCounts("missed", byCount(total.boundaries.namedMissedMerges), &out)
    appendCounts("refused", byCount(total.namedRefusals), &out)
    let cache = total.cache
    out.append(
      line: "mmap_cache  \(Figures.grouped(cache.hits)) hits of "
        + "\(Figures.grouped(cache.lookups)) lookups "
        + "(\(Figures.share(cache.hits, of: cache.lookups)))")
    appendStatus(&out)
    let unknown = total.statistics.unknownToProfile
    if unknown > 0 {
      out.append(
        line: "unknown     \(Figures.count(unknown, "call")) with what the kernel of this profile "
          + "does not know")
    }
    if let placement { out.append(line: "placement   \(placement.summary)") }
    appendCertainty(&out)
    if total.impliedPages > 0 {
      out.append(
        line: "implied     \(Figures.size(pages: total.impliedPages)) of "
          + "\(Figures.size(pages: total.totalVM)) mapped are in no map of the log: calls show "
          + "that they were there")
    }
    if total.placedPages > 0 {
      out.append(
        line: "placed      \(Figures.size(pages: total.placedPages)) of "
          + "\(Figures.size(pages: total.totalVM)) mapped are as ELF files say, where the log "
          + "shows that they were")
    }
    let guessed = total.impliedPages + total.placedPages
    if guessed > 0 {
      let known = total.totalVM - min(guessed, total.totalVM)
      out.append(
        line: "known       \(Figures.size(pages: known)) "
          + "(\(Figures.share(known, of: total.totalVM))) are for certain: as calls and maps of "
          + "the log say")
    }
    if total.divergences > 0 {
      out.append(
        line: "diverged    \(Figures.grouped(total.divergences)) of "
          + "\(Figures.grouped(total.eventCount)) recorded results "
          + "are not what the model would have given")
    }
    if total.malformed > 0 {
      out.append(line: "malformed   \(Figures.count(total.malformed, "line")) left out")
    }
  }

  /// As `/proc/PID/status` has it, of the process with the highest VmPeak.
  private func appendStatus(_ out: inout OutputBuffer) {
    let lines = total.status.lines.map { line in
      ("\(line.name)", line.pages << (Page.shift - 10))
    }
    appendCounts("status kB", lines, &out)
    if total.processCount > 1, total.statusPID != .none {
      out.append(
        line: String(repeating: " ", count: 12)
          + "(pid \(total.statusPID.rawValue), which has the highest VmPeak)")
    }
  }

  func byCount(
    _ counts: [(name: String, count: UInt64)]
  ) -> [(name: String, count: UInt64)] {
    counts.enumerated().sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }
      .map(\.element)
  }

  /// `calls       mmap 812  munmap 300`, broken at a hundred columns.
  func appendCounts(
    _ title: String, _ counts: [(name: String, count: UInt64)], _ out: inout OutputBuffer
  ) {
    var line = title + String(repeating: " ", count: 12 - title.count)
    let counts = counts.filter { $0.count > 0 }
    if counts.isEmpty { line += "none" }
    for (position, entry) in counts.enumerated() {
      let text = "\(entry.name) \(Figures.grouped(entry.count))"
      if line.count + text.count + 2 > 100 {
        out.append(line: line)
        line = String(repeating: " ", count: 12)
      } else if position > 0 {
        line += "  "
      }
      line += text
    }
    out.append(line: line)
  }
}
