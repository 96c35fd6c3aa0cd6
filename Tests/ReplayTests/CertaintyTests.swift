import AddressSpaces
import Foundation
import Replay
import SyscallABI
import TestSupport
import Testing
import TraceReading

/// The interval of map_count on real recordings.
@Suite struct CertaintyTests {
  @Test(arguments: BundledTraceTests.traces)
  func theIntervalHoldsEveryRunThatIsKnown(trace: URL) throws {
    #if EXHAUSTIVE
      let assumptions = FaultAssumption.allCases
    #else
      // A sample: one run that writes nothing, one that writes all.
      let assumptions = [FaultAssumption.never, .eager]
    #endif
    for faults in assumptions {
      let observer = try CertaintyReplay.run(trace.path, faults: faults)
      #expect(observer.outside.isEmpty, "\(faults): \(observer.outside.prefix(5))")
      #expect(observer.events > 0)
      #expect(observer.missed.isEmpty, "\(observer.missed)")
      #expect(observer.snapshots > 0)
    }
  }

  /// How much the recordings leave open, just before each map that the kernel showed.
  @Test func theIntervalIsTight() throws {
    var (width, count, certain, snapshots) = (0, 0, 0, 0)
    for trace in BundledTraceTests.traces {
      let observer = try CertaintyReplay.run(trace.path, faults: .smart)
      width += observer.width
      count += observer.vmas
      certain += observer.certainSnapshots
      #expect(observer.outside.isEmpty && observer.missed.isEmpty)
      snapshots += observer.snapshots
    }
    #expect(snapshots > 20)
    // At most one border in ten is open.
    #expect(width * 10 < count, "\(width) of \(count), \(certain) certain of \(snapshots)")
  }
}

/// Looks on at both readings.
struct CertaintyReplay: ReplayObserver {
  static var readsCertainty: Bool { true }

  var events = 0
  /// Lines after which the exact replay is not in the interval.
  var outside: [String] = []
  /// Maps of the kernel that are not in it.
  var missed: [String] = []
  var snapshots = 0
  var certainSnapshots = 0
  var width = 0
  var vmas = 0

  mutating func didApply<Index: VMAIndex & ~Copyable>(
    _ event: SyscallEvent, process: ProcessView, certain: CertainAddressSpace,
    space: borrowing AddressSpace<Index>
  ) {
    events += 1
    let count = space.mapCount
    if count < certain.mapCountMin || count > certain.mapCountMax {
      outside.append(
        "line \(event.line): \(count) not in \(certain.mapCountMin)...\(certain.mapCountMax)")
    }
  }

  mutating func didMeet(
    _ snapshot: Snapshot, process: ProcessView, certain: CertainAddressSpace
  ) {
    guard snapshot.moment != nil, case .maps(let entries) = snapshot.content else { return }
    let count = entries.count { $0.range.end.rawValue <= UInt64(Int64.max) }
    snapshots += 1
    vmas += count
    width += certain.mapCountMax - certain.mapCountMin
    if certain.mapCountMax == certain.mapCountMin { certainSnapshots += 1 }
    if count < certain.mapCountMin || count > certain.mapCountMax {
      missed.append(
        "line \(snapshot.line): \(count) not in \(certain.mapCountMin)...\(certain.mapCountMax)")
    }
  }

  static func run(_ path: String, faults: FaultAssumption) throws -> CertaintyReplay {
    let paths = PathTable()
    let reader = try TraceReader(path: path, paths: paths)
    var engine = ReplayEngine<BPlusTreeIndex, CertaintyReplay>(
      options: ReplayOptions(profile: .linux6, faults: faults), paths: paths,
      observer: CertaintyReplay())
    var batch = TraceBatch()
    while try reader.nextBatch(into: &batch) { _ = engine.apply(batch) }
    engine.finish()
    return engine.observer
  }
}
