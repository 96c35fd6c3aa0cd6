import SyscallABI
import Testing

@testable import TraceReading

@Suite("Snapshots inside a trace, and maps files")
struct SnapshotTests {
  static let log = """
    # vmareplay 1
    # host kernel=6.18.0 page_size=4096 max_map_count=65530 command=env A=1 ls -l 'x y'
    7     1700000000.000001 execve("/bin/ls", ["ls"], 0x7f) = 0 <0.1>
    # maps 7 exec
    # 55d0a0000000-55d0a0001000 r-xp 00001000 08:01 1234    /usr/bin/a b\\012c
    # Size:                  4 kB
    # Anonymous:            12 kB
    # VmFlags: rd ex mr mw me sd zz
    # 7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0       [stack]
    # 7f0000000000-7f0000001000 rw-s 00000000 00:05 99      /dev/shm/x (deleted)
    # ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]
    # end
    # stat 7 exec start_code=0x55d0a0000000 end_code=0x55d0a0000800 start_brk=94352000 env_end=0x7ffc0001
    # limits 7 STACK=8388608 AS=unlimited DATA=18446744073709551615 MEMLOCK=65536
    # inflight 8 11 0x7f0000000000 0x1000 0
    # no-exit 7 SIGKILL
    # no-maps 9 13
    # any other comment
    7     1700000000.000002 brk(NULL) = 0x1000 <0.1>

    """

  @Test("every kind of line")
  func everything() throws {
    let log = Decoded(Self.log)
    #expect(log.malformed.isEmpty, "\(log.malformed)")
    #expect(log.events.map(\.line) == [3, 19])
    #expect(log.hosts.count == 1)
    #expect(log.hosts.first?["kernel"] == "6.18.0")
    #expect(log.hosts.first?["command"] == "env A=1 ls -l 'x y'")
    #expect(Decoded("# host command=\"a b\"\n").hosts.first?["command"] == "a b")
    #expect(log.hosts.first?["max_map_count"] == "65530")
    #expect(log.snapshots.count == 6)
    let maps = log.snapshots[0]
    #expect(maps.pid == PID(7) && maps.moment == .exec && maps.line == 4)
    guard case .maps(let entries) = maps.content else {
      Issue.record("no maps")
      return
    }
    #expect(entries.count == 4)
    #expect(entries[0].range == AddressRange(Address(0x55d0_a000_0000), Address(0x55d0_a000_1000)))
    #expect(entries[0].permissions == [.read, .exec])
    #expect(entries[0].offset == 0x1000)
    #expect(entries[0].deviceMajor == 8 && entries[0].deviceMinor == 1 && entries[0].inode == 1234)
    #expect(log.paths.text(of: entries[0].name) == "/usr/bin/a b\nc")
    #expect(entries[0].anonymousKiB == 12)
    #expect(entries[0].vmFlags == [.read, .exec, .mayRead, .mayWrite, .mayExec, .softDirty])
    #expect(entries[1].anonymousKiB == nil && entries[1].vmFlags == nil)
    #expect(log.paths.text(of: entries[1].name) == "[stack]")
    #expect(entries[2].permissions == [.read, .write, .mayShare])
    #expect(log.paths.text(of: entries[2].name) == "/dev/shm/x")
    #expect(log.paths.isDeleted(entries[2].name))
    #expect(entries[3].range.start == Address(0xffff_ffff_ff60_0000))
    guard case .stat(let stat) = log.snapshots[1].content,
      case .limits(let limits) = log.snapshots[2].content,
      case .inflight(let call) = log.snapshots[3].content,
      case .noExit(let signal) = log.snapshots[4].content,
      case .noMaps(let errno) = log.snapshots[5].content
    else {
      Issue.record("\(log.snapshots)")
      return
    }
    #expect(stat.startCode == Address(0x55d0_a000_0000) && stat.startBrk == Address(94_352_000))
    #expect(stat.envEnd == Address(0x7ffc_0001) && stat.argEnd == .zero)
    #expect(limits.stack == 8_388_608 && limits.addressSpace == .max && limits.memLock == 65536)
    #expect(call.thread == PID(8) && call.number == 11)
    #expect(call.arguments == [0x7f00_0000_0000, 0x1000, 0])
    #expect(signal == 9 && errno == 13)
  }

  @Test("the position of a snapshot among the calls is kept")
  func order() {
    let log = Decoded(Self.log)
    let kinds = log.items.map { item -> String in
      switch item {
      case .completed: "call"
      case .snapshot: "snapshot"
      case .host: "host"
      default: "other"
      }
    }
    #expect(
      kinds == ["host", "call"] + Array(repeating: "snapshot", count: 6) + ["call"])
  }

  @Test("broken snapshots are reported, and nothing else is lost")
  func broken() {
    let log = Decoded(
      """
      7     brk(NULL) = 0x1000
      # maps 7 exec
      # 1000-2000 rw-p 00000000 00:00 0
      7     brk(NULL) = 0x1000
      # maps seven exec
      # maps 7 sometime
      # stat 7 exec start_code=x
      # maps 7 check
      # nonsense
      # 1000-2000 rw-p 00000000 00:00 0
      # end
      # inflight 7
      # limits 7 STACK=much
      7     brk(NULL) = 0x1000
      # maps 7 check
      """)
    #expect(log.events.map(\.line) == [1, 4, 14])
    #expect(log.malformed.map(\.line) == [2, 5, 6, 7, 9, 12, 13, 15])
    #expect(log.snapshots.isEmpty)
  }

  @Test("the maps of this very process")
  func own() throws {
    var bytes: [UInt8] = []
    let source = try FileSource(path: "/proc/self/smaps")
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 8)
    defer { unsafe buffer.deallocate() }
    while true {
      let count = unsafe try source.read(into: buffer)
      if count == 0 { break }
      unsafe bytes.append(contentsOf: buffer[..<count])
    }
    let paths = PathTable()
    let entries = try MapsFile.parse(bytes, paths: paths)
    #expect(entries.count > 10)
    #expect(entries.contains { paths.text(of: $0.name) == "[stack]" })
    // Other tests map and unmap meanwhile: only each entry by itself is sure.
    #expect(entries.allSatisfy { !$0.range.isEmpty && $0.range.start.isPageAligned })
    #expect(entries.filter { $0.vmFlags == nil }.isEmpty)
    #expect(entries.allSatisfy { $0.permissions.contains(.read) == $0.vmFlags!.contains(.read) })
  }

  @Test("what is no maps file")
  func notMaps() {
    for text in ["hello\n", "1000-2000 rw-p\n", "2000-1000 rw-p 0 0:0 0\n", "Size: 4 kB\n"] {
      #expect(throws: TraceError.self) {
        try MapsFile.parse(Array(text.utf8), paths: PathTable())
      }
    }
    #expect(throws: Never.self) { try MapsFile.parse([], paths: PathTable()) }
  }
}
