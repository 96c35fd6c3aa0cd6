import AddressSpaces
import Replay
import SyscallABI
import Testing

/// Logs of programs without the map that execve made, with their ELF files at hand.
@Suite struct ProgramTests {
  private static func piece(
    _ first: UInt64, _ end: UInt64, _ permissions: VMAFlags, anonymous: Bool = false
  ) -> LoadableFile.Piece {
    LoadableFile.Piece(
      range: AddressRange(Address(first << 12), Address(end << 12)), permissions: permissions,
      offset: anonymous ? 0 : first << 12, isAnonymous: anonymous)
  }

  /// Four pages from page `first` on, of which the third is made read-only.
  private static func file(_ name: FileID, at first: UInt64 = 0, relro: Bool = true) -> LoadableFile
  {
    LoadableFile(
      name: name,
      pieces: [
        piece(first, first + 1, .read), piece(first + 1, first + 2, [.read, .exec]),
        piece(first + 2, first + 4, [.read, .write]),
        piece(first + 4, first + 5, [.read, .write], anonymous: true),
      ],
      relro: relro
        ? AddressRange(Address((first + 2) << 12), Address((first + 3) << 12)) : nil,
      isFixed: first > 0)
  }

  private static func programs(_ paths: PathTable, _ path: FileID) -> ProgramImage? {
    let linker = file(paths.intern("/ld.so"))
    return switch paths.text(of: path) {
    case "/dynamic":
      ProgramImage(executable: file(path), interpreter: linker, isDynamic: true)
    case "/fixed":
      ProgramImage(executable: file(path, at: 0x400), interpreter: linker, isDynamic: true)
    case "/static-pie": ProgramImage(executable: file(path), interpreter: nil, isDynamic: false)
    case "/open":
      ProgramImage(executable: file(path, relro: false), interpreter: linker, isDynamic: true)
    default: nil
    }
  }

  private func replay(_ program: String, _ lines: [String]) throws -> LogReplay {
    let all = ["execve(\"\(program)\", [\"x\"], 0x7f /* 3 vars */) = 0"] + lines
    return try LogReplay(all.map { "1 \($0)\n" }.joined(), programs: Self.programs)
  }

  private func map(_ name: String, _ base: UInt64, protected: Bool = true) -> [String] {
    let pages = (0...5).map { Address(base + $0 << 12) }
    func range(_ a: Int, _ b: Int) -> String { "\(AddressRange(pages[a], pages[b]))" }
    let data =
      protected
      ? ["\(range(2, 3)) r--p \(name)", "\(range(3, 4)) rw-p \(name)"]
      : ["\(range(2, 4)) rw-p \(name)"]
    return ["\(range(0, 1)) r--p \(name)", "\(range(1, 2)) r-xp \(name)"] + data
      + ["\(range(4, 5)) rw-p"]
  }

  private static let brk = "brk(NULL) = 0x55aa00a01000"
  private static let protectProgram = "mprotect(0x55aa00002000, 4096, PROT_READ) = 0"
  private static let protectLinker = "mprotect(0x7f0000002000, 4096, PROT_READ) = 0"

  /// Both protect as many pages; the heap tells which is which.
  @Test(arguments: [[protectProgram, protectLinker], [protectLinker, protectProgram]])
  func protectionShowsWhereBothAre(calls: [String]) throws {
    let result = try replay("/dynamic", [Self.brk] + calls)
    #expect(
      result.map(of: 1) == map("/dynamic", 0x55aa_0000_0000) + map("/ld.so", 0x7f00_0000_0000))
    #expect(result.total.placedPages == 10 && result.total.impliedPages == 0)
    #expect(result.total.divergences == 0 && result.unplaced.isEmpty)
  }

  @Test func aFixedProgramNeedsNoCall() throws {
    let result = try replay("/fixed", [])
    #expect(result.map(of: 1) == map("/fixed", 0x40_0000, protected: false))
    #expect(result.unplaced == ["/ld.so": 1])
  }

  @Test func aStaticProgramMayBeAnywhere() throws {
    let result = try replay("/static-pie", [Self.brk, Self.protectLinker])
    #expect(result.map(of: 1) == map("/static-pie", 0x7f00_0000_0000))
  }

  /// Without protected pages only a heap that begins right above the usual place tells.
  @Test func theHeapShowsWhereAnUnprotectedProgramIs() throws {
    let near = try replay("/open", ["brk(NULL) = 0x555555559000", Self.protectLinker])
    #expect(
      near.map(of: 1)
        == map("/open", 0x5555_5555_4000, protected: false) + map("/ld.so", 0x7f00_0000_0000))
    let far = try replay("/open", [Self.brk, Self.protectLinker])
    #expect(far.map(of: 1) == map("/ld.so", 0x7f00_0000_0000))
    #expect(far.unplaced == ["/open": 1])
  }

  /// Other memory that is made read-only is no sign.
  @Test func otherProtectionPlacesNothing() throws {
    let result = try replay(
      "/dynamic",
      [
        Self.brk, "mprotect(0x7f0000002000, 8192, PROT_READ) = 0",
        "mprotect(0x7e0000002000, 4096, PROT_NONE) = 0",
      ])
    #expect(result.total.placedPages == 0 && result.total.impliedPages == 3)
    #expect(result.unplaced == ["/dynamic": 1, "/ld.so": 1])
  }

  @Test func aRecordedMapIsBelieved() throws {
    let snapshot = [
      "# maps 1 exec", "# 55aa00000000-55aa00001000 r--p 00000000 00:00 0 /dynamic", "# end",
    ]
    let log =
      ["1 execve(\"/fixed\", [\"x\"], 0x7f /* 3 vars */) = 0"] + snapshot
      + ["1 mprotect(0x7f0000002000, 4096, PROT_READ) = 0"]
    let result = try LogReplay(
      log.map { "\($0)\n" }.joined(), programs: Self.programs)
    #expect(result.total.placedPages == 0 && result.unplaced.isEmpty)
    #expect(result.map(of: 1) == ["55aa00000000-55aa00001000 r--p /dynamic"])
  }

  /// What was placed is placed in a child too, and can go like anything else.
  @Test func aChildHasItToo() throws {
    let result = try replay(
      "/fixed",
      [
        Self.protectLinker, "fork() = 2", "munmap(0x400000, 4096) = 0",
        "mmap(0x401000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x401000",
      ])
    #expect(result.map(of: 2).count == 9)
    #expect(result.summaries.first { $0.pid == PID(2) }?.placedPages == 10)
    #expect(result.summaries.first { $0.pid == PID(1) }?.placedPages == 8)
  }

  @Test func anUnknownProgramIsLeftOut() throws {
    let result = try replay("/elsewhere", [Self.brk, Self.protectLinker])
    #expect(result.total.placedPages == 0 && result.total.impliedPages == 1)
  }
}
