import AddressSpaces
import Foundation
import Replay
import SyscallABI
import TestSupport
import Testing
import TraceReading

/// The program, built, and its runs.
struct Walker {
  private let place: TemporaryFolder
  private var folder: URL { place.url }

  static var canRun: Bool {
    (try? Walker.shell("strace -o /dev/null true && cc --version", in: "/tmp")) == 0
  }

  init() throws {
    place = try TemporaryFolder("walker")
    let source = ProjectFiles.root.appending(path: "Tests/KernelTests/Walker/walker.c").path
    let status = try Self.shell("cc -static -O1 -o walker '\(source)'", in: folder.path)
    #expect(status == 0, "the walker cannot be built")
  }

  func remove() { place.remove() }

  @discardableResult
  private static func shell(_ command: String, in folder: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", command]
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// What one run left.
  struct Run {
    var log: String
    var start: String
    var faults: String
    /// By pid.
    var maps: [Int32: String]
    var calls: Int
  }

  func run(_ program: WalkProgram) throws -> Run {
    let names = "mmap,munmap,mprotect,brk,mremap,madvise,mlock,mlock2,munlock,clone,fork,vfork,"
    let status = try Self.shell(
      """
      rm -f w.*; strace -f -ttt -T -y -o w.log -e trace=\(names)exit_group \
      ./walker w \(program.seed) \(program.calls) \(program.mode) \(program.kept)
      """, in: folder.path)
    #expect(status == 0, "\(program)")
    let text = try self.text("w.log")
    // Only what comes behind the mark is replayed, from the map that was read before it.
    let lines = text.split(separator: "\n")
    let mark = try #require(lines.firstIndex { $0.contains("munmap(0x1, 0)") })
    var maps: [Int32: String] = [:]
    var faults = ""
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let parts = name.split(separator: ".")
      guard parts.count == 3, let pid = Int32(parts[1]) else { continue }
      if parts[2] == "maps" {
        maps[pid] = try self.text(name)
      } else {
        faults += try self.text(name)
      }
    }
    return Run(
      log: lines[mark...].joined(separator: "\n") + "\n", start: try self.text("w.start"),
      faults: faults, maps: maps, calls: lines.count - mark)
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOf: folder.appending(path: name), encoding: .utf8)
  }
}

extension Walker.Run {
  /// What differs between the replay and the maps that the processes read.
  ///
  /// - Parameter profile: another one than that of the running kernel is wrong on purpose.
  func differences(
    knowsFaults: Bool, profile: KernelProfile = .linux6
  ) throws -> [String] {
    let paths = PathTable()
    var options = ReplayOptions(profile: profile, faults: .lazy)
    options.limits.hasProtectionKeys = RunningKernel.hasProtectionKeys
    options.faultsAreListed = knowsFaults
    options.initialMaps = [(.none, try MapsFile.parse(Array(start.utf8), paths: paths))]
    var engine = ReplayEngine<RedBlackTreeIndex, WalkObserver>(
      options: options, paths: paths, observer: WalkObserver())
    if knowsFaults { engine.setFaults(try FaultList(text: faults)) }
    let reader = try TraceReader(
      source: MemorySource(Array(log.utf8)), name: "log", paths: paths)
    var batch = TraceBatch()
    while try reader.nextBatch(into: &batch) { _ = engine.apply(batch) }
    engine.finish()
    var found = engine.observer.divergences.map { "line \($0.line) \($0.name.text): \($0.kind)" }
    for (pid, text) in maps.sorted(by: { $0.key < $1.key }) {
      let kernel = try MapsFile.parse(Array(text.utf8), paths: paths)
        .filter { $0.range.end.rawValue <= UInt64(Int64.max) }
        .map { Self.line($0.range, $0.vmFlags ?? []) }
      let image = engine.observer.maps.images.last { $0.process.pid == PID(pid) }
      let model = image?.lines.map { Self.line($0.range, $0.flags) } ?? []
      let missing = kernel.filter { !model.contains($0) }
      let surplus = model.filter { !kernel.contains($0) }
      if missing.isEmpty && surplus.isEmpty { continue }
      found.append(
        "map of \(pid)\n- " + missing.joined(separator: "\n- ") + "\n+ "
          + surplus.joined(separator: "\n+ "))
    }
    return found
  }

  private static func line(_ range: AddressRange, _ flags: VMAFlags) -> String {
    // Soft-dirty is not modelled.
    let codes = VMAFlags.smapsCodes.filter { $0.flag != .softDirty && flags.contains($0.flag) }
    return "\(range) " + codes.map { "\($0.code)" }.joined(separator: " ")
  }
}

extension Walker.Run {
  /// What differs though it may not.
  func mayNotDiffer() throws -> [String] {
    let found = try differences(knowsFaults: true)
    if !found.isEmpty || !faults.isEmpty { return found }
    return try differences(knowsFaults: false)
  }
}

/// Takes the last maps and the differences in results.
private struct WalkObserver: ReplayObserver {
  var maps = MapObserver(.all)
  var divergences: [Divergence] = []

  mutating func willEnd<Index: VMAIndex & ~Copyable>(
    _ process: ProcessView, space: borrowing AddressSpace<Index>, files: FileTable
  ) {
    maps.willEnd(process, space: space, files: files)
  }

  mutating func didDiverge(_ divergence: Divergence) { divergences.append(divergence) }
}
