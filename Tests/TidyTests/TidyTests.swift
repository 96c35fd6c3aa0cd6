import Foundation
import TestSupport
import Testing

/// Reads the sources and holds them to the rules that no compiler checks.
@Suite struct TidyTests {
  /// Which modules of this package each module may import: the arrows of the design.
  static let allowedImports: [String: Set<String>] = [
    "SyscallABI": [],
    "AddressSpaces": ["CPrefetch", "SyscallABI"],
    "TraceReading": ["CZlib", "CISAL", "SyscallABI"],
    "Replay": ["SyscallABI", "AddressSpaces"],
    "Reports": ["Replay", "SyscallABI", "AddressSpaces"],
    "vmareplay": [
      "CZlib", "SyscallABI", "AddressSpaces", "TraceReading", "Replay", "Reports",
    ],
  ]

  static let allowedPackages: [String: Set<String>] = [
    "vmareplay": [
      "ArgumentParser", "Histogram", "Subprocess", "SystemPackage", "Glibc", "Synchronization",
    ],
    "SyscallABI": ["SystemPackage", "Synchronization"],
    "AddressSpaces": ["SystemPackage", "Glibc"],
    "TraceReading": ["SystemPackage", "Glibc", "Synchronization"],
  ]

  /// Files that may use unsafe constructs. Each says at its top why it is safe.
  static let unsafeFiles: Set<String> = [
    // The model: slots of the slab, nodes of indexes, the table of address spaces.
    "GrowingMemory.swift", "SlotArray.swift", "WordArray.swift", "SpaceTable.swift",
    "ProcessTable.swift",
    // Bytes on their way in: buffers, lines, zlib, folders.
    "InputFile.swift",
    "ByteCursor.swift", "ByteSource.swift", "FileSource.swift", "Folder.swift",
    "GzipMembers.swift", "GzipSource.swift", "Inflater.swift", "ISALInflater.swift",
    "ZlibInflater.swift", "LineBuffer.swift", "LineReader.swift",
    "PeekedSource.swift",
    "PipelinedSource.swift", "Monitor.swift", "DecodingThread.swift",
    // Bytes on their way out.
    "OutputBuffer.swift", "DeflateStream.swift",
    // Processes and signals of the recorder.
    "Platform.swift", "RecordingPlatform.swift", "RecordingPlatform+Processes.swift",
    "RecordingPlatform+Signals.swift",
  ]

  static let modules = allowedImports.keys.sorted()

  @Test(arguments: modules)
  func importsFollowTheModuleTable(module: String) throws {
    let allowed = Self.allowedImports[module]!
      .union(Self.allowedPackages[module] ?? ["SystemPackage"])
    let pattern = /^\s*(?:(?:public|package|internal|private|@testable)\s+)*import\s+(\w+)/
    for file in try ProjectFiles.files(below: "Sources/\(module)", suffix: ".swift") {
      for line in try ProjectFiles.text(of: file).split(separator: "\n") {
        guard let match = line.firstMatch(of: pattern) else { continue }
        #expect(allowed.contains(String(match.1)), "\(file.lastPathComponent): \(line)")
      }
    }
  }

  @Test func unsafeStandsOnlyInListedFiles() throws {
    for file in try ProjectFiles.files(below: "Sources", suffix: ".swift") {
      let text = try ProjectFiles.text(of: file)
      guard text.contains(/\bunsafe\b\s|@unsafe|@unchecked|Unsafe(Mutable)?(Raw)?(Buffer)?Pointer/)
      else { continue }
      #expect(
        Self.unsafeFiles.contains(file.lastPathComponent),
        "\(file.lastPathComponent) uses unsafe constructs and is not on the list")
    }
  }

  @Test func onlyTheCommandLinePrintsAndExits() throws {
    for module in Self.modules where module != "vmareplay" {
      for file in try ProjectFiles.files(below: "Sources/\(module)", suffix: ".swift") {
        let code = try ProjectFiles.text(of: file).split(separator: "\n")
          .filter { !$0.drop(while: { $0 == " " }).hasPrefix("//") }
        for line in code {
          #expect(
            !line.contains(/(^|[^.\w])(print\(|abort\(|exit\((\d|EXIT_|status\)))/),
            "\(file.lastPathComponent): \(line)")
        }
      }
    }
  }

  @Test func linesFitIntoAHundredColumns() throws {
    // Tests hold lines of logs, which are as long as they are.
    for file in try ProjectFiles.files(below: "Sources", suffix: ".swift") {
      let lines = try ProjectFiles.text(of: file).split(
        separator: "\n", omittingEmptySubsequences: false)
      for (number, line) in lines.enumerated() where line.count > 100 {
        Issue.record("\(file.lastPathComponent):\(number + 1) has \(line.count) columns")
      }
    }
  }

  @Test func everyTraceHasARowInTheTable() throws {
    let table = try ProjectFiles.text(of: ProjectFiles.root.appending(path: "Traces/README.md"))
    let traces = try ProjectFiles.traces()
    #expect(traces.count >= 20)
    for trace in traces {
      #expect(table.contains("`\(trace.lastPathComponent)`"), "\(trace.lastPathComponent)")
    }
  }
}
