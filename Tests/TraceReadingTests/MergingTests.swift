import Glibc
import SyscallABI
import Testing

@testable import TraceReading

@Suite("strace -ff: one file per process")
struct MergingTests {
  /// Writes files `log.PID`, runs `body` with the prefix, and removes them.
  private func withFiles<T>(
    _ files: [Int: String], prefix: String = "log", isCompressed: Bool = false,
    _ body: (String) throws -> T
  ) throws -> T {
    let folder = "/tmp/vmareplay-merging-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    #expect(unsafe mkdir(folder, 0o700) == 0)
    defer {
      for pid in files.keys {
        unsafe unlink("\(folder)/\(prefix).\(pid)\(isCompressed ? ".gz" : "")")
      }
      unsafe rmdir(folder)
    }
    for (pid, text) in files {
      let path = "\(folder)/\(prefix).\(pid)\(isCompressed ? ".gz" : "")"
      let bytes = isCompressed ? gzip(Array(text.utf8)) : Array(text.utf8)
      let opened = unsafe fopen(path, "w")
      guard let file = unsafe opened else { throw Failure() }
      #expect(unsafe fwrite(bytes, 1, bytes.count, file) == bytes.count)
      unsafe fclose(file)
    }
    return try body("\(folder)/\(prefix)")
  }

  private struct Failure: Error {}

  private func order(_ log: Decoded) -> [String] {
    log.items.compactMap { item in
      switch item {
      case .completed(let event): "\(event.pid.rawValue):\(event.line)"
      case .processEnded(let end): "\(end.pid.rawValue):end"
      default: nil
      }
    }
  }

  static let timed = [
    30: """
    100000001.0 execve("/bin/sh", ["sh"], 0x7f) = 0
    100000002.0 clone(child_stack=NULL, flags=SIGCHLD) = 31
    100000004.0 brk(NULL) = 0x1000
    100000009.0 +++ exited with 0 +++

    """,
    31: """
    100000003.0 brk(NULL) = 0x1000
    100000005.0 brk(NULL) = 0x1000
    100000006.0 +++ exited with 0 +++

    """,
  ]

  @Test("lines are merged by time; a folder, a prefix and a pattern name the same trace")
  func byTime() throws {
    for isCompressed in [false, true] {
      try withFiles(Self.timed, isCompressed: isCompressed) { prefix in
        let folder = String(prefix.dropLast(4))
        for name in [prefix, prefix + ".*", folder] {
          let log = Decoded(path: name)
          #expect(log.error == nil)
          #expect(
            order(log) == ["30:1", "30:2", "31:1", "30:3", "31:2", "31:end", "30:end"])
          #expect(log.events.map(\.source) == [0, 0, 1, 0, 1])
        }
        let reader = try TraceReader(path: prefix, paths: PathTable())
        let suffix = isCompressed ? ".gz" : ""
        #expect(reader.sources == ["log.30\(suffix)", "log.31\(suffix)"])
        var batch = TraceBatch()
        while try reader.nextBatch(into: &batch) {}
        #expect(reader.linesRead == 7)
      }
    }
  }

  @Test("without times, a child's lines follow the call that returned its pid")
  func withoutTimes() throws {
    let files = [
      30: "execve(\"/bin/sh\", [\"sh\"], 0x7f) = 0\nclone(child_stack=NULL, flags=SIGCHLD) = 31\n"
        + "brk(NULL) = 0x1000\nvfork() = 29\nbrk(NULL) = 0x1000\n",
      31: "brk(NULL) = 0x1000\nfork() = 32\nbrk(NULL) = 0x1000\n",
      29: "brk(NULL) = 0x1000\n",
      32: "brk(NULL) = 0x1000\n",
    ]
    try withFiles(files) { prefix in
      #expect(
        order(Decoded(path: prefix)) == [
          "30:1", "30:2", "31:1", "31:2", "32:1", "31:3", "30:3", "30:4", "29:1", "30:5",
        ])
    }
  }

  @Test("equal times keep cause before effect, then the order of the pids")
  func ties() throws {
    let files = [
      30: "10:00:00 execve(\"/bin/sh\", [\"sh\"], 0x7f) = 0\n10:00:00 fork() = 29\n"
        + "10:00:00 fork() = 31\n10:00:00 brk(NULL) = 0x1000\n",
      29: "10:00:00 brk(NULL) = 0x1000\n10:00:00 brk(NULL) = 0x1000\n",
      31: "10:00:00 brk(NULL) = 0x1000\n",
    ]
    try withFiles(files) { prefix in
      #expect(
        order(Decoded(path: prefix)) == [
          "30:1", "30:2", "29:1", "29:2", "30:3", "30:4", "31:1",
        ])
    }
  }

  @Test("a file that begins after midnight follows the evening's")
  func midnight() throws {
    let files = [
      30: "23:59:58 fork() = 31\n23:59:59 brk(NULL) = 0x1000\n00:00:03 brk(NULL) = 0x1000\n",
      31: "00:00:01 brk(NULL) = 0x1000\n",
    ]
    try withFiles(files) { prefix in
      let log = Decoded(path: prefix)
      #expect(order(log) == ["30:1", "30:2", "31:1", "30:3"])
      #expect(
        log.events.map { $0.time.nanoseconds / 1_000_000_000 } == [86398, 86399, 86401, 86403])
    }
  }

  @Test("execve by another thread, whose file ends in the middle of the call")
  func superseded() throws {
    let files = [
      30: "100000001.0 clone(child_stack=0x7f, flags=CLONE_VM|CLONE_THREAD) = 31\n"
        + "100000003.0 +++ superseded by execve in pid 31 +++\n"
        + "100000003.1 <... execve resumed>) = 0\n",
      31: "100000002.0 execve(\"/bin/true\", [\"true\"], 0x7f <pid changed to 30 ...>\n",
    ]
    try withFiles(files) { prefix in
      let log = Decoded(path: prefix)
      #expect(log.malformed.isEmpty)
      #expect(order(log) == ["30:1", "30:end", "30:3"])
      guard case .execve(let path) = log.events.last?.call else {
        Issue.record("no execve")
        return
      }
      #expect(log.paths.text(of: path) == "/bin/true")
    }
  }

  @Test("damage in one file does not keep the others from being read")
  func damage() throws {
    var files = Self.timed
    files[32] = String(repeating: "100000001.5 brk(NULL) = 0x1000\n", count: 50)
    try withFiles(files, isCompressed: true) { prefix in
      let path = "\(prefix).32.gz"
      #expect(unsafe truncate(path, 40) == 0)
      let log = Decoded(path: prefix)
      #expect(log.error?.kind == .damaged)
      #expect(log.error?.path == path)
      #expect(log.events.filter { $0.pid != PID(32) }.count == 5)
    }
  }

  @Test("arguments that a shell made of a pattern are one trace")
  func arguments() throws {
    let inputs = try TraceInput.resolve(["a/log.12", "-", "b.gz", "a/log.7", "c/log.9"])
    #expect(inputs.map(\.sourceNames) == [["log.7", "log.12"], ["-"], ["b.gz"], ["log.9"]])
    #expect(TraceInput.prefixAndPID("x/log.12.gz")?.pid == 12)
    #expect(TraceInput.prefixAndPID("x/log.12.gz")?.prefix == "x/log")
    #expect(TraceInput.prefixAndPID("x/log.txt") == nil)
    #expect(TraceInput.prefixAndPID("x/log.0") == nil)
  }

  @Test("a thousand processes of one trace")
  func many() throws {
    var files: [Int: String] = [:]
    for pid in 1...300 {
      files[1000 + pid] =
        "1000000\(10 + pid % 80).5 brk(NULL) = 0x1000\n1000001\(10 + pid % 80).5 brk(NULL) = 0\n"
    }
    try withFiles(files) { prefix in
      let log = Decoded(path: prefix)
      #expect(log.events.count == 600)
      let times = log.events.map(\.time)
      #expect(times == times.sorted())
    }
  }
}
