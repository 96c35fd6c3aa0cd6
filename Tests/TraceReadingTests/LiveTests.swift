import Glibc
import SyscallABI
import Testing

@testable import TraceReading

private let canTrace = shell("setarch -R strace -o /dev/null true >/dev/null 2>&1") == 0

private func shell(_ command: String) -> Int32 { unsafe system(command) }

/// Runs strace here and now, under many option sets, on a program that does the same each time,
/// and compares what is decoded. Skipped where strace cannot run.
@Suite("strace itself", .enabled(if: canTrace), .serialized)
struct LiveTests {
  /// The calls of /bin/true and of a shell with children, without what differs between two runs.
  private func record(_ options: String) -> Decoded {
    let path = "/tmp/vmareplay-live-\(getpid())-\(UInt64.random(in: 0 ... .max)).log"
    defer { unsafe unlink(path) }
    // Without randomisation two runs get the same addresses.
    let program = "/bin/sh -c '/bin/true; /bin/true & wait; exit 3'"
    let command = "setarch -R strace -f \(options) -o \(path) \(program) 2>/dev/null >/dev/null"
    #expect(shell(command) >> 8 == 3)
    return Decoded(path: path)
  }

  /// A call without line, times and pid; and without flags that only say how strace looks.
  private func normal(_ log: Decoded, withPaths: Bool) -> [String] {
    let pids = log.events.reduce(into: [PID]()) { if !$0.contains($1.pid) { $0.append($1.pid) } }
    var lines: [[String]] = Array(repeating: [], count: pids.count)
    for event in log.events {
      var text = "\(event.name) "
      switch event.call {
      case .mmap(let addr, let length, let prot, let flags, let fd, _, let offset):
        text += "\(addr) \(length) \(prot.rawValue) \(flags.rawValue) \(fd) \(offset)"
      case .execve(let path):
        if withPaths { text += log.paths.text(of: path) }
      case .setLimit(_, let resource, _, _, _):
        text += "\(resource)"
      default:
        text += "\(event.call)"
      }
      if event.call.returnsPID {
        text += " child \(event.result.outcome)"
      } else {
        text += " \(event.result)"
      }
      lines[pids.firstIndex(of: event.pid)!].append(text)
    }
    return lines.flatMap { $0 }
  }

  @Test(
    "every option set says the same",
    arguments: [
      "-t", "-tt", "-ttt", "-r", "-r -tt", "-T", "-ttt -T", "-n", "-i", "-y", "-yy", "-X raw",
      "-X verbose", "-x", "-xx", "-v", "-s 4096", "-a 1", "-a 80", "-q", "-qq", "-C",
      "-e raw=all", "-e raw=all -T", "-Y", "-n -i -Y -r -ttt -T -yy -X verbose -v -xx",
      "--absolute-timestamps=ns", "--relative-timestamps=s", "--absolute-timestamps=unix,s",
      "--absolute-timestamps=time,ms --relative-timestamps=ns --syscall-times=ns",
      "-e read=all -e write=all", "-k",
    ])
  func twins(_ options: String) throws {
    let reference = record("-ttt -T")
    let twin = record(options)
    #expect(reference.malformed.isEmpty && reference.error == nil)
    #expect(twin.malformed.isEmpty && twin.error == nil, "\(twin.malformed)")
    #expect(reference.ends.count == 3)
    #expect(twin.ends.count == (options.contains("-qq") ? 0 : 3))
    let isRaw = options.contains("raw=all")
    #expect(
      normal(twin, withPaths: !isRaw)
        == normal(reference, withPaths: !isRaw))
    if options.contains("-ttt") || options.contains("-r") || options.contains("stamps") {
      #expect(twin.events.allSatisfy { $0.time != .none })
    }
  }

  @Test("files of -ff are the same trace as one file of -f")
  func separateFiles() throws {
    let folder = "/tmp/vmareplay-live-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    #expect(unsafe mkdir(folder, 0o700) == 0)
    defer { _ = shell("rm -r \(folder)") }
    for options in ["-ttt", ""] {
      let program = "/bin/sh -c '/bin/true; /bin/true & wait; exit 3'"
      _ = shell("rm -f \(folder)/*")
      let status = shell(
        "setarch -R strace -ff \(options) -o \(folder)/log \(program) 2>/dev/null >/dev/null")
      #expect(status >> 8 == 3)
      let log = Decoded(path: folder)
      #expect(log.error == nil && log.malformed.isEmpty)
      let reference = record("-ttt")
      #expect(
        normal(log, withPaths: true).sorted()
          == normal(reference, withPaths: true).sorted())
      #expect(log.ends.count == 3)
      // The first process begins first and ends last.
      let first = try #require(log.events.first)
      #expect(first.name == .execve)
      #expect(log.ends.last?.pid == first.pid)
      for (index, event) in log.events.enumerated() where event.call.returnsPID {
        let child = PID(Int32(event.result.value))
        #expect(log.events[..<index].allSatisfy { $0.pid != child })
      }
    }
  }
}

extension SyscallEvent.Call {
  fileprivate var returnsPID: Bool {
    switch self {
    case .fork, .clone, .clone3: true
    default: false
    }
  }
}
