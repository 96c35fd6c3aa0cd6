import AddressSpaces
import Foundation
import Replay
import SyscallABI
import TestSupport
import Testing
import TraceReading

/// Replays every bundled recording and compares it with what the kernel had at each exit.
@Suite struct BundledTraceTests {
  /// Snapshots that a log without page faults cannot give exactly, and why.
  static let inexact: [String: (count: Int, reason: String)] = [
    "gcc-compile.strace.gz": (1, "the stack of cc1 grew by page faults"),
    "redis-load.strace.gz": (1, "the stack of one process grew by page faults"),
    "java-hello.strace.gz": (1, "HotSpot maps its code heap before it writes there"),
  ]

  /// All of them in the optimised build; in debug, where every mutation is checked without
  /// optimisation, those that take seconds.
  static var traces: [URL] {
    let all = (try? ProjectFiles.traces()) ?? []
    #if EXHAUSTIVE
      return all
    #else
      return all.filter { ((try? Data(contentsOf: $0).count) ?? 0) < 60_000 }
    #endif
  }

  @Test func thereAreRecordings() throws {
    let names = Set(try ProjectFiles.traces().map(\.lastPathComponent))
    #expect(names.count >= 20)
    #expect(Self.inexact.keys.allSatisfy(names.contains))
  }

  @Test(arguments: traces)
  func everyExitMapIsTheKernels(trace: URL) throws {
    let replay = try TraceReplay(trace.path)
    let inexact = replay.verifier.comparisons.filter { !$0.isExact }
    let expected = Self.inexact[trace.lastPathComponent]?.count ?? 0
    #expect(inexact.count == expected, "\(inexact.map { "line \($0.line): \($0.differences)" })")
    #expect(!replay.verifier.comparisons.isEmpty, "a recording carries its own ground truth")
    #expect(replay.total.divergences == 0, "\(replay.verifier.divergences)")
    #expect(replay.malformed.isEmpty)
    #expect(replay.total.eventCount > 0)
    // V = 1 + holes + boundaries, for every process.
    for process in replay.summaries where process.mapCount > 0 {
      #expect(process.boundaries.total == process.mapCount - 1 - process.holes)
      #expect(process.mapCountPeak >= process.mapCount)
    }
  }

  /// Maps, merges by case, refusals by reason and boundaries, by the rules at both ends.
  @Test(arguments: traces, [KernelProfile.linux6, .linux2_6])
  func everyIndexGivesTheSame(trace: URL, profile: KernelProfile) throws {
    // The walk is quadratic: what it is for can be seen on the smaller recordings.
    let size = try Data(contentsOf: trace).count
    let walks = size < 200_000
    if size > 300_000 { return }
    #if !EXHAUSTIVE
      if !walks || profile == .linux2_6 && trace.lastPathComponent > "d" { return }
    #endif
    let expected = try TraceReplay(trace.path, index: .array, profile)
    for index in IndexKind.allCases where index != .array && (walks || index != .list) {
      let replay = try TraceReplay(trace.path, index: index, profile)
      #expect(replay.images.map(\.lines) == expected.images.map(\.lines))
      for mergeCase in MergeCase.allCases {
        #expect(
          replay.total.statistics.merges(mergeCase) == expected.total.statistics.merges(mergeCase))
      }
      for reason in MergeRefusal.allCases {
        #expect(
          replay.total.statistics.refusals(reason) == expected.total.statistics.refusals(reason))
      }
      #expect(replay.total.statistics == expected.total.statistics)
      #expect(replay.total.boundaries == expected.total.boundaries)
    }
  }
}

/// A trace file, replayed to its end under the rules of the kernel it was made on.
struct TraceReplay {
  var verifier: Verifier
  var images: [MapImage]
  var summaries: [ProcessSummary]
  var total: ProcessSummary
  var malformed: [MalformedLine]

  init(_ path: String, index: IndexKind = .rbtree, _ profile: KernelProfile = .linux6) throws {
    var work = Work(path: path, profile: profile, paths: PathTable())
    self = try index.run(&work)
  }

  private init(
    observer: VerifierAndMaps, summaries: [ProcessSummary], total: ProcessSummary,
    malformed: [MalformedLine]
  ) {
    verifier = observer.verifier
    images = observer.maps.images
    self.summaries = summaries
    self.total = total
    self.malformed = malformed
  }

  private struct Work: IndexedWork {
    let path: String
    let profile: KernelProfile
    let paths: PathTable

    mutating func run<Index: VMAIndex & ~Copyable>(on index: Index.Type) throws -> TraceReplay {
      let reader = try TraceReader(path: path, paths: paths)
      var engine = ReplayEngine<Index, VerifierAndMaps>(
        options: ReplayOptions(profile: profile), paths: paths,
        observer: VerifierAndMaps(paths: paths))
      var malformed: [MalformedLine] = []
      var batch = TraceBatch()
      while try reader.nextBatch(into: &batch) {
        malformed += batch.malformed
        _ = engine.apply(batch)
      }
      engine.finish()
      return TraceReplay(
        observer: engine.observer, summaries: engine.summaries, total: engine.total,
        malformed: malformed)
    }
  }
}
