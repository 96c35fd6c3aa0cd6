import Foundation
import SyscallABI
import TestSupport
import Testing

@testable import TraceReading

/// ELF files as execve maps them, and the folder that they are looked for in.
@Suite struct ELFTests {
  struct Segment {
    var type: UInt64 = 1
    var flags: UInt64
    var offset: UInt64
    var address: UInt64
    var fileSize: UInt64
    var memorySize: UInt64
  }

  /// The bytes of a small program: header, program headers, and the interpreter's name at 0x800.
  static func program(
    _ segments: [Segment], type: UInt64 = 3, machine: UInt64 = 62, interpreter: String? = nil
  ) -> [UInt8] {
    var segments = segments
    var bytes = [UInt8](repeating: 0, count: 0x1000)
    func put(_ value: UInt64, _ size: Int, at start: Int) {
      for index in 0..<size {
        bytes[start + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
      }
    }
    bytes.replaceSubrange(0..<7, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
    if let interpreter {
      let text = Array(interpreter.utf8) + [0]
      bytes.replaceSubrange(0x800..<0x800 + text.count, with: text)
      segments.append(
        Segment(
          type: 3, flags: 4, offset: 0x800, address: 0x800, fileSize: UInt64(text.count),
          memorySize: UInt64(text.count)))
    }
    put(type, 2, at: 16)
    put(machine, 2, at: 18)
    put(64, 8, at: 32)
    put(56, 2, at: 54)
    put(UInt64(segments.count), 2, at: 56)
    for (index, segment) in segments.enumerated() {
      let start = 64 + 56 * index
      put(segment.type, 4, at: start)
      put(segment.flags, 4, at: start + 4)
      put(segment.offset, 8, at: start + 8)
      put(segment.address, 8, at: start + 16)
      put(segment.fileSize, 8, at: start + 32)
      put(segment.memorySize, 8, at: start + 40)
    }
    return bytes
  }

  static let usual = [
    Segment(flags: 4, offset: 0, address: 0, fileSize: 0x650, memorySize: 0x650),
    Segment(flags: 5, offset: 0x1000, address: 0x1000, fileSize: 0x1234, memorySize: 0x1234),
    Segment(flags: 4, offset: 0x3000, address: 0x3000, fileSize: 0x10, memorySize: 0x10),
    Segment(flags: 6, offset: 0x3d90, address: 0x4d90, fileSize: 0x300, memorySize: 0x5000),
    Segment(
      type: 0x6474_e552, flags: 4, offset: 0x3d90, address: 0x4d90, fileSize: 0x270,
      memorySize: 0x270),
  ]

  private func lines(_ file: LoadableFile) -> [String] {
    file.pieces.map { piece in
      let flags = [(VMAFlags.read, "r"), (.write, "w"), (.exec, "x")].map {
        piece.permissions.contains($0.0) ? $0.1 : "-"
      }
      let offset = piece.isAnonymous ? "" : " " + String(piece.offset, radix: 16)
      return "\(piece.range) \(flags.joined())\(offset)"
    }
  }

  @Test func segmentsAreMappedByPages() throws {
    let file = try ELFFile(Self.program(Self.usual)).layout(name: .none)
    #expect(
      lines(file) == [
        "0-1000 r-- 0", "1000-3000 r-x 1000", "3000-4000 r-- 3000", "4000-6000 rw- 3000",
        "6000-a000 rw-",
      ])
    #expect(file.relro == AddressRange(Address(0x4000), Address(0x5000)) && !file.isFixed)
    #expect(file.code == AddressRange(Address(0x1000), Address(0x2234)))
    #expect(file.data == AddressRange(Address(0x4d90), Address(0x5090)))
  }

  /// Also one without anything in the file, and two that are one VMA.
  @Test func segmentsThatAreOneVMAOrAnonymous() throws {
    let file = try ELFFile(
      Self.program(
        [
          Segment(flags: 5, offset: 0, address: 0x40_0000, fileSize: 0x2000, memorySize: 0x2000),
          Segment(
            flags: 5, offset: 0x2000, address: 0x40_2000, fileSize: 0x10, memorySize: 0x10),
          Segment(flags: 6, offset: 0, address: 0x40_5000, fileSize: 0, memorySize: 0x1001),
        ], type: 2)
    ).layout(name: .none)
    #expect(lines(file) == ["400000-403000 r-x 0", "405000-407000 rw-"])
    #expect(file.isFixed && file.relro == nil)
  }

  static let broken: [(bytes: [UInt8], message: String)] = [
    ([], "is no ELF file"), (Array("#!/bin/sh\n".utf8), "is no ELF file"),
    (Self.program(Self.usual, machine: 183), "is not for x86-64"),
    (Self.program(Self.usual, type: 1), "is no program"),
    (Self.program([]), "has no readable program headers"),
    (Array(Self.program(Self.usual).prefix(100)), "has no readable program headers"),
    (
      Self.program([Segment(flags: 4, offset: 0, address: 0, fileSize: 9, memorySize: 8)]),
      "has a segment that no process can have"
    ),
    (
      Self.program([Segment(flags: 4, offset: 0, address: .max, fileSize: 1, memorySize: 8)]),
      "has a segment that no process can have"
    ),
    (Self.program([Self.usual[1], Self.usual[0]]), "overlap"),
    (Self.program([Self.usual[4]]), "has nothing to load"),
  ]

  @Test(arguments: broken.indices)
  func whatCannotBeMappedIsSaid(row: Int) {
    let (bytes, message) = Self.broken[row]
    do throws(ELFError) {
      _ = try ELFFile(bytes).layout(name: .none)
      Issue.record("nothing was wrong")
    } catch {
      #expect(error.message.contains(message))
    }
  }

  @Test func filesAreFoundBelowTheFolder() throws {
    let place = try TemporaryFolder("sysroot")
    defer { place.remove() }
    let folder = place.url
    func put(_ bytes: [UInt8], _ path: String) throws {
      let file = folder.appendingPathComponent(path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: file)
    }
    func link(_ path: String, to target: String) throws {
      try FileManager.default.createSymbolicLink(
        atPath: folder.appendingPathComponent(path).path, withDestinationPath: target)
    }
    try put(Self.program(Self.usual, interpreter: "/lib64/ld.so"), "usr/bin/program")
    try put(Self.program(Self.usual), "usr/lib/ld-2.so")
    try put(Self.program(Self.usual, interpreter: "/lib64/none.so"), "usr/bin/orphan")
    try put(Array("#! /bin/program -x\nrest".utf8), "usr/bin/script")
    try put([1, 2, 3], "usr/bin/noise")
    try link("bin", to: "usr/bin")
    try link("lib64", to: "/usr/lib")
    try link("usr/lib/ld.so", to: "../lib/./ld-2.so")
    try link("usr/bin/loop", to: "loop")

    let paths = PathTable()
    let sysroot = try Sysroot(folder: folder.path, paths: paths)
    for name in ["/bin/program", "/usr/bin/../bin/program", "/bin/script"] {
      let image = try #require(sysroot.program(at: paths.intern(name)))
      #expect(paths.text(of: image.executable.name) == "/usr/bin/program")
      #expect(image.interpreter.map { paths.text(of: $0.name) } == "/usr/lib/ld-2.so")
    }
    #expect(sysroot.warnings.isEmpty)
    let orphan = sysroot.program(at: paths.intern("/bin/orphan"))
    #expect(orphan?.isDynamic == true && orphan?.interpreter == nil)
    for name in ["/bin/none", "program", "/bin/loop", "/bin", "/bin/noise", "/bin/none"] {
      #expect(sysroot.program(at: paths.intern(name)) == nil)
    }
    #expect(sysroot.warnings.count == 6)
    #expect(throws: TraceError.self) {
      try Sysroot(folder: folder.appendingPathComponent("none").path, paths: paths)
    }
  }
}
