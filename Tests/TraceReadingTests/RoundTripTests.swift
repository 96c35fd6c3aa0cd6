import SyscallABI
import Testing
import TraceReading

/// Events written as strace writes them, read again.
@Suite("Events to text and back")
struct RoundTripTests {
  /// A call with what its side tables hold.
  struct Made {
    var event: SyscallEvent
    var path = ""
    var vectors: [IOVec] = []
    var name: String?
  }

  @Test("what is written is what is read, in every style", arguments: 0..<24)
  func roundTrip(_ seed: Int) {
    var random = SeededGenerator(state: UInt64(seed) &* 7919 &+ 3)
    let writer = StraceWriter(
      numbers: StraceWriter.Numbers.allCases[seed % 3],
      times: StraceWriter.Times.allCases[seed / 3 % 3], hasDurations: seed % 2 == 0,
      hasNames: seed / 2 % 2 == 1, hasBrackets: seed / 4 % 2 == 1)
    var text = ""
    var expected: [Made] = []
    /// Of each of four tasks, the call that is written to its first half.
    var halves = [Made?](repeating: nil, count: 4)
    for step in 0..<400 {
      let task = Int.random(in: 0..<4, using: &random)
      if let half = halves[task] {
        text += writer.prefix(half.event) + "<... \(half.event.name.text) resumed>)"
        text += writer.result(half.event) + "\n"
        expected.append(half)
        halves[task] = nil
        continue
      }
      let made = make(pid: 1000 + task * 777, step: step, writer, &random)
      let call = writer.call(
        made.event, path: made.path, vectors: made.vectors, name: made.name)
      text += writer.prefix(made.event) + call
      if Int.random(in: 0..<4, using: &random) == 0 {
        text += " <unfinished ...>\n"
        halves[task] = made
      } else {
        text += ")" + writer.result(made.event) + "\n"
        expected.append(made)
      }
    }
    let log = Decoded(text)
    #expect(log.malformed.isEmpty, "seed \(seed)")
    let ended = log.events.filter { $0.result.outcome != .unfinished }
    #expect(ended.count == expected.count, "seed \(seed)")
    var vectors = log.iovecs.makeIterator()
    var names = log.names.makeIterator()
    for (event, made) in zip(ended, expected) {
      compare(event, made, log, &vectors, &names, seed)
    }
  }

  private func compare(
    _ event: SyscallEvent, _ made: Made, _ log: Decoded,
    _ vectors: inout IndexingIterator<[[IOVec]]>, _ names: inout IndexingIterator<[String?]>,
    _ seed: Int
  ) {
    let context: Comment = "seed \(seed), line \(event.line): \(made)"
    #expect(event.name == made.event.name, context)
    #expect(event.pid == made.event.pid, context)
    #expect(event.time == made.event.time, context)
    #expect(event.duration == made.event.duration, context)
    #expect(event.result == made.event.result, context)
    switch (event.call, made.event.call) {
    case (.mmap(let addr, let length, let prot, let flags, let fd, let file, let offset), _):
      #expect(fd < 0 || log.paths.text(of: file) == made.path, context)
      let call = SyscallEvent.Call.mmap(
        addr: addr, length: length, prot: prot, flags: flags, fd: fd, file: .none, offset: offset)
      #expect("\(call)" == "\(made.event.call)", context)
    case (.execve(let path), _): #expect(log.paths.text(of: path) == made.path, context)
    case (.processMadvise(let pidfd, _, let advice), .processMadvise(let fd, _, let wanted)):
      #expect(pidfd == fd && advice == wanted && vectors.next() == made.vectors, context)
    case (.setVMAName(let addr, let size, _), .setVMAName(let start, let length, _)):
      #expect(addr == start && size == length && names.next() == made.name, context)
    default: #expect("\(event.call)" == "\(made.event.call)", context)
    }
  }

  // MARK: Calls at random

  private func make(
    pid: Int, step: Int, _ writer: StraceWriter, _ random: inout SeededGenerator
  ) -> Made {
    let names = SyscallName.allCases.filter { ![.oldMmap, .mbind, .execveat].contains($0) }
    let name = names.randomElement(using: &random)!
    var made = Made(
      event: SyscallEvent(
        line: 0, time: .none, duration: .none, pid: PID(Int32(pid)), source: 0, name: name,
        result: .returned(0), call: .fork))
    switch writer.times {
    case .none: break
    case .unix: made.event.time.nanoseconds = 1_700_000_000_123_456_000 + Int64(step) * 999_000
    case .clock: made.event.time.nanoseconds = 36_000_000_001_000 + Int64(step) * 999_000
    }
    if writer.hasDurations {
      made.event.duration.nanoseconds = Int64.random(in: 0..<5_000_000, using: &random) * 1000
    }
    made.event.call = call(name, &made, &random)
    switch Int.random(in: 0..<8, using: &random) {
    case 0: made.event.result = .failed([1, 2, 12, 14, 22].randomElement(using: &random)!)
    case 1: made.event.result.isInjected = true
    case 2 where name != .exit: made.event.result = SyscallResult(outcome: .unknown)
    default:
      made.event.result.value = made.event.returnsAddress ? address(&random).rawValue : 0
    }
    if name == .exit || name == .exitGroup {
      made.event.result = SyscallResult(outcome: .unknown)
      made.event.duration = .none
    }
    return made
  }

  private func address(_ random: inout SeededGenerator) -> Address {
    Address(UInt64.random(in: 1..<(1 << 35), using: &random) << 12)
  }

  private func length(_ random: inout SeededGenerator) -> UInt64 {
    [4096, 0, .max, 1, 1 << 40, UInt64.random(in: 0..<(1 << 30), using: &random)]
      .randomElement(using: &random)!
  }

  private func bits(_ names: [(name: StaticString, bit: UInt64)], _ random: inout SeededGenerator)
    -> UInt64
  {
    names.reduce(0) { Int.random(in: 0..<3, using: &random) == 0 ? $0 | $1.bit : $0 }
  }

  private func path(_ random: inout SeededGenerator) -> String {
    ["/usr/lib/libc.so.6", "/tmp/a b", "/x, 0) = 0", "/memfd:jit", "/d/(deleted)/é", "/a/[b]{c}"]
      .randomElement(using: &random)!
  }

  private func call(
    _ name: SyscallName, _ made: inout Made, _ random: inout SeededGenerator
  ) -> SyscallEvent.Call {
    let addr = Bool.random(using: &random) ? address(&random) : .zero
    let length = length(&random)
    let prot = Protection(rawValue: bits(Protection.bitNames, &random))
    let advice = Advice(rawValue: UInt32.random(in: 0..<26, using: &random))
    switch name {
    case .mmap, .mmap2, .oldMmap:
      let type = UInt64.random(in: 1...3, using: &random)
      let fd = Int32.random(in: -1...5, using: &random)
      if fd >= 0 { made.path = path(&random) }
      return .mmap(
        addr: addr, length: length, prot: prot,
        flags: MapFlags(rawValue: type | bits(MapFlags.bitNames, &random)), fd: fd, file: .none,
        offset: UInt64.random(in: 0..<1 << 20, using: &random) << 12)
    case .munmap: return .munmap(addr: addr, length: length)
    case .munlock: return .munlock(addr: addr, length: length)
    case .mseal: return .mseal(addr: addr, length: length)
    case .mprotect: return .mprotect(addr: addr, length: length, prot: prot, pkey: -1)
    case .pkeyMprotect: return .mprotect(addr: addr, length: length, prot: prot, pkey: 7)
    case .brk: return .brk(addr: addr)
    case .mremap:
      let flags = RemapFlags(rawValue: UInt64.random(in: 0..<8, using: &random))
      return .mremap(
        oldAddress: addr, oldSize: length, newSize: 8192, flags: flags,
        newAddress: flags.rawValue > 1 ? address(&random) : nil)
    case .remapFilePages:
      return .remapFilePages(addr: addr, size: length, prot: prot, pgoff: 3, flags: .nonBlock)
    case .madvise: return .madvise(addr: addr, length: length, advice: advice)
    case .processMadvise:
      made.vectors = (0..<Int.random(in: 1...3, using: &random)).map { _ in
        IOVec(base: address(&random), length: 4096)
      }
      return .processMadvise(
        pidfd: 3, iovecs: SideTableRange(start: 0, count: 0), advice: advice)
    case .mlock: return .mlock(addr: addr, length: length, flags: LockFlags(rawValue: 0))
    case .mlock2: return .mlock(addr: addr, length: length, flags: .onFault)
    case .mlockall: return .mlockall(flags: LockAllFlags(rawValue: 5))
    case .munlockall: return .munlockall
    case .shmget: return .shmget(size: length, key: UInt32.random(in: 1...9999, using: &random))
    case .shmat: return .shmat(shmid: 5, addr: addr, flags: .readOnly)
    case .shmdt: return .shmdt(addr: addr)
    case .clone: return .clone(flags: CloneFlags(rawValue: 0x10f00), childStack: addr)
    case .clone3:
      return .clone3(flags: CloneFlags(rawValue: 0x3d0f00), stack: addr, stackSize: 0x9000)
    case .fork, .vfork: return .fork
    case .execve:
      made.path = path(&random)
      return .execve(path: .none)
    case .execveat, .mbind: return .fork
    case .exit, .exitGroup: return .exit(status: Int32.random(in: 0...255, using: &random))
    case .prctl:
      made.name = Bool.random(using: &random) ? "glibc: malloc" : nil
      return .setVMAName(addr: address(&random), size: 4096, name: made.name == nil ? nil : 0)
    case .prlimit64, .setrlimit:
      return .setLimit(
        target: PID(0), resource: .data, soft: 1 << 30, hard: .max, isNull: false)
    }
  }
}
