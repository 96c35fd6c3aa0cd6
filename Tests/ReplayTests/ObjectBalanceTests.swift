import AddressSpaces
import Foundation
import Replay
import SyscallABI
import TestSupport
import Testing
import TraceReading

/// At the end of every process of the recordings, files and anon_vmas are given back.
@Suite struct ObjectBalanceTests {
  private struct BalanceObserver: ReplayObserver {
    static var keepsObjects: Bool { true }
    var taken: UInt64 = 0
    var written: UInt64 = 0

    mutating func willEnd<Index: VMAIndex & ~Copyable>(
      _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
    ) {
      var last = space.copy()
      last.checkInvariants()
      let vmas = last.vmas()
      let held = last.objectReferences
      let mapped = vmas.count { $0.file != .none }
      #expect(held.filesTaken - held.filesDropped == UInt64(mapped), "\(process.pid)")
      last.removeAll()
      #expect(last.objectReferences.isBalanced, "\(process.pid)")
      taken += last.objectReferences.filesTaken
      written += last.objectReferences.anonVMAsTaken
    }
  }

  @Test(arguments: [KernelProfile.linux6, .linux2_6])
  func referencesBalanceAtExit(_ profile: KernelProfile) throws {
    let traces = try ProjectFiles.traces().filter { try Data(contentsOf: $0).count < 45_000 }
    #expect(traces.count > 30)
    for trace in traces {
      let paths = PathTable()
      let reader = try TraceReader(path: trace.path, paths: paths)
      var engine = ReplayEngine<PathIndex, BalanceObserver>(
        options: ReplayOptions(profile: profile), paths: paths, observer: BalanceObserver())
      var batch = TraceBatch()
      while try reader.nextBatch(into: &batch) { _ = engine.apply(batch) }
      engine.finish()
      #expect(engine.observer.taken > 5, "\(trace.lastPathComponent)")
      #expect(engine.observer.written > 5, "\(trace.lastPathComponent)")
    }
  }
}
