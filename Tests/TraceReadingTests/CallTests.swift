import SyscallABI
import Testing

@testable import TraceReading

@Suite("Calls as strace prints them")
struct CallTests {
  @Test("mmap with pid, time, path and duration")
  func usualLine() throws {
    let log = Decoded(
      "7795  1795227151.451378 mmap(0x7fb36e038000, 1400832, PROT_READ|PROT_EXEC, "
        + "MAP_PRIVATE|MAP_FIXED|MAP_DENYWRITE, 3</usr/lib/x86_64-linux-gnu/libc.so.6>, 0x26000)"
        + " = 0x7fb36e038000 <0.000085>\n")
    let event = try #require(log.events.first)
    #expect(log.items.count == 1)
    #expect(event.pid == PID(7795))
    #expect(event.time.nanoseconds == 1_795_227_151_451_378_000)
    #expect(event.duration.nanoseconds == 85_000)
    #expect(event.result == .returned(0x7fb3_6e03_8000))
    #expect(event.line == 1)
    guard case .mmap(let addr, let length, let prot, let flags, let fd, let file, let offset) =
      event.call
    else {
      Issue.record("not mmap: \(event.call)")
      return
    }
    #expect(addr == Address(0x7fb3_6e03_8000))
    #expect(length == 1_400_832)
    #expect(prot == [.read, .exec].reduce(.none) { $0 | $1 })
    #expect(flags.names == ["MAP_PRIVATE", "MAP_FIXED", "MAP_DENYWRITE"])
    #expect(fd == 3)
    #expect(log.paths.text(of: file) == "/usr/lib/x86_64-linux-gnu/libc.so.6")
    #expect(offset == 0x26000)
  }
}
