import AddressSpaces
import Replay
import SyscallABI
import Testing

/// Logs without their beginning: calls show what must have been mapped.
@Suite struct ImpliedTests {
  private func replay(_ lines: [String], initialMaps: String = "") throws -> LogReplay {
    try LogReplay(lines.map { "1 \($0)\n" }.joined(), initialMaps: initialMaps)
  }

  @Test(arguments: [
    "mprotect(0x7f0000001000, 8192, PROT_READ|PROT_WRITE) = 0",
    "madvise(0x7f0000001000, 8192, MADV_DONTNEED) = 0", "mlock(0x7f0000001000, 8192) = 0",
    "munlock(0x7f0000001800, 4097) = 0",
    "mremap(0x7f0000001000, 8192, 8192, MREMAP_MAYMOVE) = 0x7f0000001000",
  ])
  func aCallShowsThatSomethingWasThere(call: String) throws {
    let result = try replay([call])
    #expect(result.map(of: 1) == ["7f0000001000-7f0000003000 rw-p"])
    #expect(result.total.impliedPages == 2 && result.total.divergences == 0)
  }

  @Test func onlyHolesAreImplied() throws {
    let mapped = "mmap(0x7f0000002000, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = "
    let result = try replay([
      mapped + "0x7f0000002000", "mprotect(0x7f0000001000, 12288, PROT_NONE) = 0",
    ])
    #expect(result.total.impliedPages == 2 && result.total.totalVM == 3)
  }

  @Test func whatIsReplacedIsImpliedNoLonger() throws {
    let madvise = "madvise(0x7f0000001000, 16384, MADV_DONTNEED) = 0"
    let unmapped = try replay([madvise, "munmap(0x7f0000002000, 4096) = 0"])
    #expect(unmapped.total.impliedPages == 3 && unmapped.total.totalVM == 3)
    let replaced = try replay([
      madvise,
      "mmap(0x7f0000001000, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0) = "
        + "0x7f0000001000",
    ])
    #expect(replaced.total.impliedPages == 2 && replaced.total.totalVM == 4)
    let moved = try replay(
      [
        madvise, "mremap(0x7f0000001000, 4096, 4096, MREMAP_MAYMOVE, NULL) = 0x7e0000000000",
      ].map { $0.replacing(", NULL)", with: ")") })
    #expect(moved.total.impliedPages == 3 && moved.total.totalVM == 4)
  }

  /// With a map of the beginning the kernel and the model disagree.
  @Test func aKnownBeginningImpliesNothing() throws {
    let maps = "7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0 [stack]\n"
    let result = try replay(["mlock(0x7f0000001000, 8192) = 0"], initialMaps: maps)
    #expect(result.total.impliedPages == 0 && result.total.divergences == 1)
    let failed = try replay(["mlock(0x7f0000001000, 8192) = -1 ENOMEM (Cannot allocate memory)"])
    #expect(failed.total.impliedPages == 0 && failed.map(of: 1).isEmpty)
  }

  @Test func aNewProgramBeginsAnew() throws {
    let result = try replay([
      "mlock(0x7f0000001000, 8192) = 0", "execve(\"/x\", [\"x\"], 0x7f /* 3 vars */) = 0",
      "mprotect(0x7f0000008000, 4096, PROT_READ) = 0",
    ])
    #expect(result.total.impliedPages == 1)
    #expect(result.map(of: 1) == ["7f0000008000-7f0000009000 r--p"])
  }
}
